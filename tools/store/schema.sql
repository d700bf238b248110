-- ringtail.db: what one run came to.  `ringtail sql` queries it read-only; so does any SQLite shell.
--
-- Times are seconds since the process started, unless a name says otherwise.  Addresses are integers:
-- printf('0x%x', address) shows them as reports do.  A stack is the id of its innermost node; NULL where none
-- was recorded.  Threads are ringtail's ids (1 is main), unique in a process; NULL or 0 where not known.
-- `process` in every table is process.id, as a pid can come twice.

CREATE TABLE meta (
	key   TEXT PRIMARY KEY, -- directory, started (RFC 3339), seconds, command (JSON array), version
	value TEXT
) WITHOUT ROWID;

-- One process image: an exec starts the next image of the same pid.
CREATE TABLE process (
	id INTEGER PRIMARY KEY,
	pid INTEGER NOT NULL,
	image INTEGER NOT NULL,         -- 0, after the first exec 1, ...; counted on by another process of the same pid
	parent INTEGER NOT NULL,        -- pid
	pid_namespace INTEGER NOT NULL, -- that both are numbers of: the inode of /proc/PID/ns/pid; 0 where not known
	exe TEXT,                       -- by the name that its command called, if that leads to the same file
	command TEXT,                   -- JSON array
	command_truncated INTEGER NOT NULL,
	started TEXT,                   -- RFC 3339
	started_ns INTEGER,             -- nanoseconds since 1970
	seconds REAL,                   -- how long it lived, or has lived when this was written
	seconds_at_least INTEGER NOT NULL, -- 1: nothing saw its end, and it lived until then or longer
	end_how TEXT NOT NULL,          -- exit, signal, exec, running
	end_status INTEGER,             -- of exit
	end_signal TEXT,                -- SIGSEGV, ...; NULL where not known which
	events_recorded INTEGER NOT NULL,
	events_lost INTEGER NOT NULL,
	watch_heap INTEGER NOT NULL,
	watch_locks INTEGER NOT NULL,
	stacks TEXT NOT NULL,           -- full, caller, none
	depth INTEGER NOT NULL,         -- frames per stack at most
	leak_scan_done INTEGER NOT NULL,
	leak_scan_why_not TEXT,
	leak_scan_pause REAL,           -- seconds that the program was stopped for it
	leak_scan_seconds REAL,         -- that all of it took
	final INTEGER NOT NULL,         -- 0: it was still running, or its end had not been read yet
	UNIQUE (pid, image, started_ns)
);

-- Children of which the process learned, by wait or its kin, how they ended.  Where nothing else saw a process's end, the
-- end in its row of `process` is from here.
CREATE TABLE child_end (
	process INTEGER NOT NULL, -- that waited
	ordinal INTEGER NOT NULL, -- in the order of time, from 1
	pid     INTEGER NOT NULL, -- of the child
	at      REAL NOT NULL,    -- when the process learned it
	status  INTEGER,          -- of exit; NULL: it was killed
	signal  TEXT,             -- SIGSEGV, ...; NULL: it exited
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- What could not be seen.  what: events, stacks, records, memory, order.
CREATE TABLE loss (
	process INTEGER NOT NULL,
	what    TEXT NOT NULL,
	count   INTEGER NOT NULL,
	why     TEXT NOT NULL,
	PRIMARY KEY (process, what, why)
) WITHOUT ROWID;

-- Calls that the library does not see, or saw only from some time on.
CREATE TABLE unwatched (
	process INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	what    TEXT NOT NULL, -- heap: all of malloc, free, new and delete; pool: of an allocator that the
	                       -- program has beside malloc; calls: of one library, or of several; start: calls
	                       -- before a time, of one library, or of malloc where it is preloaded before ringtail
	module  TEXT,          -- path of the executable or library that it is about
	why     TEXT NOT NULL,
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- ---- stacks --------------------------------------------------------------------

CREATE TABLE module (
	process  INTEGER NOT NULL,
	id       INTEGER NOT NULL,
	path     TEXT,
	build_id TEXT,          -- hexadecimal
	start    INTEGER,
	end      INTEGER,
	bias     INTEGER,       -- an address in memory minus its address in the file
	seen     REAL,
	unloaded REAL,          -- NULL while loaded
	missing  TEXT,          -- why places of it have no names: deleted, changed (another file is there now),
	                        -- unreadable, stripped, not found by debuginfod; NULL where they have
	PRIMARY KEY (process, id)
) WITHOUT ROWID;

-- Stacks share their outer frames: each node knows the caller's node.
CREATE TABLE stack (
	process INTEGER NOT NULL,
	id      INTEGER NOT NULL,
	parent  INTEGER NOT NULL, -- below 16 there is none: 1 outermost frame, 2 could not be unwound further,
	                          -- 3 depth limit reached
	pc      INTEGER NOT NULL, -- frame.pc
	place   INTEGER,          -- the frame that reports name the stack by, as frame.pc * 128 + frame.ordinal; NULL: none
	wrapper INTEGER,          -- the outermost allocator wrapper that was passed over to come there; NULL: none
	PRIMARY KEY (process, id)
) WITHOUT ROWID;

-- What a place in the code is called.  Calls inlined there come first: ordinal 0 is the innermost.
CREATE TABLE frame (
	process  INTEGER NOT NULL,
	pc       INTEGER NOT NULL,
	ordinal  INTEGER NOT NULL,
	function TEXT,             -- demangled, NULL where unknown
	file     TEXT,
	line     INTEGER,
	column   INTEGER,          -- where calls in several columns of this line were recorded
	inlined  INTEGER NOT NULL, -- into the frame of the next ordinal
	module   INTEGER,          -- module.id; NULL: code made at run time
	offset   INTEGER NOT NULL, -- address in the module's file
	function_offset INTEGER,   -- bytes after the function's start, where only the symbol table knows the function, or
	                           -- only the unwind table; the function has no name then, and starts at
	                           -- offset - function_offset
	role     TEXT,             -- runtime, main, allocates (for its caller: xmalloc), locks (g_mutex_lock); NULL: none
	                           -- of these.  A report names a stack by its innermost frame without such a role.
	PRIMARY KEY (process, pc, ordinal)
) WITHOUT ROWID;

-- ---- threads -------------------------------------------------------------------

CREATE TABLE thread (
	process       INTEGER NOT NULL,
	id            INTEGER NOT NULL,
	tid           INTEGER NOT NULL, -- the kernel's
	name          TEXT,
	created_by    INTEGER NOT NULL, -- thread.id, 0 not known
	created_at    REAL,
	started_at    REAL,
	ended_at      REAL,
	created_stack INTEGER,
	runs_pc       INTEGER,          -- frame.pc and frame.ordinal of the function that it runs: its start routine, or the
	runs_ordinal  INTEGER,          -- outermost function that is not the runtime's; NULL where not known
	main          INTEGER NOT NULL,
	adopted       INTEGER NOT NULL, -- not made through a call that is watched
	joined        INTEGER NOT NULL,
	detached      INTEGER NOT NULL,
	state_at_end  TEXT NOT NULL,    -- ended, running, blocked
	blocked_on    TEXT,             -- mutex, cond, ...
	blocked_object INTEGER,         -- its address
	blocked_name  TEXT,             -- the variable that it is, or the block that it lies in, as lock.name; NULL
	                                -- where not known
	blocked_timed INTEGER,          -- the wait has a time-out
	blocked_since REAL,
	blocked_stack INTEGER,
	blocked_owner INTEGER,          -- the thread that could end it
	events        INTEGER NOT NULL,
	thread_group  INTEGER,          -- thread_group.id
	PRIMARY KEY (process, id)
) WITHOUT ROWID;

-- Threads of one name, and of those without a name those that were made at one place.
CREATE TABLE thread_group (
	process       INTEGER NOT NULL,
	id            INTEGER NOT NULL,
	name          TEXT,             -- NULL: they have none
	main          INTEGER NOT NULL, -- the main thread, while it has no name
	created_stack INTEGER,          -- of those without a name
	PRIMARY KEY (process, id)
) WITHOUT ROWID;

-- Who could have ended a blocked thread's wait; nobody where nobody is known.
CREATE TABLE thread_blocker (
	process INTEGER NOT NULL,
	thread  INTEGER NOT NULL, -- the blocked one
	ordinal INTEGER NOT NULL,
	blocker INTEGER NOT NULL, -- thread.id
	how     TEXT NOT NULL,    -- holds, reads: it has the lock; lives: it is joined; ahead: it waits to write the lock,
	                          -- and readers wait behind it; inside: it waits in what is destroyed; wakes: it ended waits for this before
	stack   INTEGER,          -- where it took the lock, waits for it, was made, or last ended such a wait
	since   REAL,             -- when
	PRIMARY KEY (process, thread, ordinal)
) WITHOUT ROWID;

-- Threads by the place that made them.
CREATE TABLE thread_site (
	process INTEGER NOT NULL,
	ordinal INTEGER NOT NULL, -- in the order of their first threads, from 1
	stack   INTEGER,
	made    INTEGER NOT NULL,
	live    INTEGER NOT NULL, -- at the end
	peak    INTEGER NOT NULL, -- most at a time
	peak_at REAL,
	live_1  INTEGER NOT NULL, -- at the end of each quarter of the time since the first was made
	live_2  INTEGER NOT NULL,
	live_3  INTEGER NOT NULL,
	live_4  INTEGER NOT NULL,
	grows   INTEGER NOT NULL, -- more in each quarter
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- ---- heap ------------------------------------------------------------------------
-- The same counts for the whole process, each site and each thread.
--   allocations      calls that returned memory, reallocations included
--   temporary        freed by the same thread with no other allocation of that thread between
--   peak_blocks/_bytes  its share of what was live at the moment when the process had most bytes live
--   live_blocks/_bytes  live at the end
--   unknown_frees    of blocks never seen allocated
--   unseen_frees     blocks that must have been freed, as their address was handed out again

CREATE TABLE heap (
	process INTEGER PRIMARY KEY,
	allocations INTEGER, allocated_bytes INTEGER, reallocations INTEGER, reallocated_in_place INTEGER,
	frees INTEGER, freed_bytes INTEGER, failed INTEGER, temporary INTEGER,
	live_blocks INTEGER, live_bytes INTEGER, peak_blocks INTEGER, peak_bytes INTEGER,
	largest INTEGER, unknown_frees INTEGER, double_frees INTEGER, mismatched INTEGER,
	unseen_frees INTEGER,
	peak_at REAL
);

-- One allocation stack and function.
CREATE TABLE heap_site (
	process INTEGER NOT NULL,
	id      INTEGER NOT NULL,
	stack   INTEGER,
	type    TEXT NOT NULL, -- malloc, calloc, new, ...
	allocations INTEGER, allocated_bytes INTEGER, reallocations INTEGER, reallocated_in_place INTEGER,
	frees INTEGER, freed_bytes INTEGER, failed INTEGER, temporary INTEGER,
	live_blocks INTEGER, live_bytes INTEGER, peak_blocks INTEGER, peak_bytes INTEGER,
	largest INTEGER, unknown_frees INTEGER, double_frees INTEGER, mismatched INTEGER,
	unseen_frees INTEGER,
	thread_group INTEGER, -- that allocated here; NULL: several, and heap_share has each one's part
	PRIMARY KEY (process, id)
) WITHOUT ROWID;

-- What each group of threads has of a site where several allocate; these add up to the site.
CREATE TABLE heap_share (
	process      INTEGER NOT NULL,
	site         INTEGER NOT NULL, -- heap_site.id
	thread_group INTEGER NOT NULL, -- thread_group.id, 0: not known
	allocations INTEGER, allocated_bytes INTEGER,
	peak_blocks INTEGER, peak_bytes INTEGER, live_blocks INTEGER, live_bytes INTEGER,
	PRIMARY KEY (process, site, thread_group)
) WITHOUT ROWID;

CREATE TABLE heap_thread (
	process INTEGER NOT NULL,
	thread  INTEGER NOT NULL,
	allocations INTEGER, allocated_bytes INTEGER, reallocations INTEGER, reallocated_in_place INTEGER,
	frees INTEGER, freed_bytes INTEGER, failed INTEGER, temporary INTEGER,
	live_blocks INTEGER, live_bytes INTEGER, peak_blocks INTEGER, peak_bytes INTEGER,
	largest INTEGER, unknown_frees INTEGER, double_frees INTEGER, mismatched INTEGER,
	unseen_frees INTEGER,
	PRIMARY KEY (process, thread)
) WITHOUT ROWID;

-- How often each size was asked for; only classes that were.
CREATE TABLE heap_size_class (
	process     INTEGER NOT NULL,
	low         INTEGER NOT NULL, -- sizes from here
	high        INTEGER NOT NULL, -- to here, inclusive
	allocations INTEGER NOT NULL,
	bytes       INTEGER NOT NULL,
	live_blocks INTEGER NOT NULL,
	live_bytes  INTEGER NOT NULL,
	PRIMARY KEY (process, low)
) WITHOUT ROWID;

-- How much was live over time.
CREATE TABLE heap_sample (
	process     INTEGER NOT NULL,
	ordinal     INTEGER NOT NULL,
	at          REAL NOT NULL,
	live_bytes  INTEGER NOT NULL,
	live_blocks INTEGER NOT NULL,
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- What the process and its largest sites held at some moments, 64 at most, and at the peak.  A site that is missing at a
-- moment held no more than each of the 48 largest then, or is not one of the 32 that held most at any moment.
CREATE TABLE heap_level (
	process     INTEGER NOT NULL,
	ordinal     INTEGER NOT NULL, -- in the order of time; the row of the process comes before those of its sites
	at          REAL NOT NULL,
	site        INTEGER,          -- heap_site.id; NULL: the process
	live_bytes  INTEGER NOT NULL,
	live_blocks INTEGER NOT NULL,
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- ---- locks -----------------------------------------------------------------------

-- Locks of one kind that were made, or else first used, at one place in the code.
CREATE TABLE lock_class (
	process      INTEGER NOT NULL,
	id           INTEGER NOT NULL,
	kind         TEXT NOT NULL,    -- mutex, rwlock, ...
	stack        INTEGER,          -- where they were initialised; or of the first call on them, if that was not seen
	initialised  INTEGER NOT NULL, -- which of the two
	locks        INTEGER NOT NULL, -- how many
	acquisitions INTEGER NOT NULL,
	contended    INTEGER NOT NULL,
	failed       INTEGER NOT NULL,
	wait_seconds REAL NOT NULL,
	wait_longest REAL NOT NULL,
	hold_seconds REAL NOT NULL,
	hold_longest REAL NOT NULL,
	name         TEXT,             -- of its lock, as lock.name, if it has one alone; of several the block that all lie in
	                               -- ("40 bytes into each block from make_session (session.c:12)"); else NULL
	PRIMARY KEY (process, id)
) WITHOUT ROWID;

-- Who waited for whom: waits at one place, for locks of one class, that were taken at one place.
CREATE TABLE lock_wait (
	process      INTEGER NOT NULL,
	ordinal      INTEGER NOT NULL, -- most seconds first, from 1
	class        INTEGER NOT NULL, -- lock_class.id
	stack        INTEGER,          -- where threads waited
	holder_stack INTEGER,          -- where the holder had taken it; for what has no owner, like a condition: where the
	                               -- wait was ended; NULL: not known
	waits        INTEGER NOT NULL,
	wait_seconds REAL NOT NULL,
	wait_longest REAL NOT NULL,
	longest_at   REAL,             -- when the longest began
	thread       INTEGER NOT NULL, -- that waited longest
	holder       INTEGER,          -- thread that it waited for then; NULL: not known
	address      INTEGER NOT NULL, -- of the lock that it waited for then
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- How long locks of one class were held that were taken at one place.  Holds that had not ended do not count.
CREATE TABLE lock_hold (
	process      INTEGER NOT NULL,
	ordinal      INTEGER NOT NULL, -- most seconds first, from 1
	class        INTEGER NOT NULL, -- lock_class.id
	stack        INTEGER,          -- where they were taken
	holds        INTEGER NOT NULL,
	hold_seconds REAL NOT NULL,
	hold_longest REAL NOT NULL,
	longest_at   REAL,             -- when the longest began
	thread       INTEGER NOT NULL, -- that held it longest
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- Single waits and holds, for a timeline: the 4,096 longest of each.  How many there were in all:
--   select sum(contended) from lock_class ...   select sum(holds) from lock_hold ...
CREATE TABLE lock_interval (
	process INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	what    TEXT NOT NULL,    -- wait, hold
	class   INTEGER NOT NULL, -- lock_class.id
	address INTEGER NOT NULL, -- of the lock
	thread  INTEGER NOT NULL,
	other   INTEGER,          -- of a wait: the thread that it waited for, or that ended it; NULL: not known
	began   REAL,
	seconds REAL NOT NULL,
	stack   INTEGER,          -- where it waited, or had taken it
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

-- In which order locks were taken: some of one class were wanted in one place, by a call that waits, while some of another
-- class, or of the same, were held that had been got in one place.  Up to 4,096: first one for each pair of classes, then
-- a second one for each, ...  Where there were more than 65,536 pairs of locks, those of locks that are gone may be missing.
CREATE TABLE lock_order (
	process      INTEGER NOT NULL,
	ordinal      INTEGER NOT NULL, -- from 1
	held         INTEGER NOT NULL, -- lock_class.id
	held_stack   INTEGER,          -- where it had been got
	wanted       INTEGER NOT NULL, -- lock_class.id
	wanted_stack INTEGER,          -- where it was wanted
	pairs        INTEGER NOT NULL, -- of locks for which that is so
	thread       INTEGER NOT NULL, -- that did so first
	at           REAL,             -- when
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;

CREATE TABLE lock (
	process      INTEGER NOT NULL,
	id           INTEGER NOT NULL,
	kind         TEXT NOT NULL,    -- mutex, rwlock, ...
	address      INTEGER NOT NULL,
	generation   INTEGER NOT NULL, -- 0 for the first lock at this address
	init_stack   INTEGER,          -- NULL: static initialiser
	first_stack  INTEGER,          -- of the first call on it
	acquisitions INTEGER NOT NULL,
	contended    INTEGER NOT NULL,
	failed       INTEGER NOT NULL,
	wait_seconds REAL NOT NULL,
	wait_longest REAL NOT NULL,
	hold_seconds REAL NOT NULL,
	hold_longest REAL NOT NULL,
	worst_wait_stack INTEGER,
	owner        INTEGER NOT NULL, -- the thread that holds it at the end, 0 none
	folded       INTEGER NOT NULL, -- further locks made at the same place, ended, counted in here
	class        INTEGER NOT NULL, -- lock_class.id
	name         TEXT,             -- the variable that it is, or is a part of: table+8; or the block that it lies in ("40
	                               -- bytes into the block from make_session (session.c:12)"); NULL: none, or not known
	PRIMARY KEY (process, id)
) WITHOUT ROWID;

-- ---- findings ----------------------------------------------------------------------

CREATE TABLE finding (
	process    INTEGER NOT NULL,
	ordinal    INTEGER NOT NULL, -- worst first, from 1
	id         TEXT NOT NULL,    -- stable from run to run
	kind       TEXT NOT NULL,    -- leak, deadlock, thread-leak, misuse, ...
	class      TEXT,
	message    TEXT NOT NULL,
	information INTEGER NOT NULL,   -- 1: no defect of its own: for information, or a part of another finding
	suppressed INTEGER NOT NULL,    -- 0: rules and baselines hold when a report is made
	blocks     INTEGER NOT NULL,
	bytes      INTEGER NOT NULL,
	kept_blocks INTEGER NOT NULL, -- leak:definite: further blocks that are lost with these; finding_kept has them by stack
	kept_bytes INTEGER NOT NULL,
	lost_with  INTEGER,          -- leak:indirect: ordinal of the definite leak that counts these blocks as kept; else NULL
	times      INTEGER NOT NULL,
	seconds    REAL,             -- contention: waited in all
	course     TEXT,             -- leak:definite: once, growing, steady; NULL where the counts do not prove it
	PRIMARY KEY (process, ordinal)
) WITHOUT ROWID;
CREATE INDEX finding_id ON finding (id);

CREATE TABLE finding_stack (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL, -- finding.ordinal
	ordinal INTEGER NOT NULL,
	label   TEXT NOT NULL,    -- "allocated here", ...
	pid     INTEGER,          -- of that thread and the stack, where it is another process; else NULL
	thread  INTEGER,
	at      REAL,
	stack   INTEGER,
	PRIMARY KEY (process, finding, ordinal)
) WITHOUT ROWID;

CREATE TABLE finding_object (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	what    TEXT NOT NULL,    -- block, mutex, rwlock, ...
	address INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	name    TEXT,             -- the variable that it is, with + and bytes where it is a part of one, or the block that
	                          -- a lock lies in, as lock.name; NULL where not known
	created_stack INTEGER,
	PRIMARY KEY (process, finding, ordinal)
) WITHOUT ROWID;

-- Deadlocks: the thread held one lock and wanted the next edge's.
CREATE TABLE finding_edge (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	thread  INTEGER,
	pid     INTEGER,            -- of that thread and the edge's stacks, where it is another process; else NULL
	inferred INTEGER NOT NULL,  -- 1: who holds it is a conclusion from past calls, not known
	ahead INTEGER NOT NULL,     -- 1: it does not hold `held` but waits to write it, and readers wait behind it
	held TEXT NOT NULL, held_address INTEGER NOT NULL, held_generation INTEGER NOT NULL, held_name TEXT,
	held_shared INTEGER NOT NULL, held_since REAL, held_stack INTEGER, held_created_stack INTEGER,
	wanted TEXT NOT NULL, wanted_address INTEGER NOT NULL, wanted_generation INTEGER NOT NULL, wanted_name TEXT,
	wanted_shared INTEGER NOT NULL, wanted_at REAL, wanted_stack INTEGER, wanted_created_stack INTEGER,
	PRIMARY KEY (process, finding, ordinal)
) WITHOUT ROWID;

-- leak:definite: blocks that are lost with it, by the stack that allocated them.
CREATE TABLE finding_kept (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL,
	ordinal INTEGER NOT NULL, -- most bytes first
	stack   INTEGER,
	blocks  INTEGER NOT NULL,
	bytes   INTEGER NOT NULL,
	PRIMARY KEY (process, finding, ordinal)
) WITHOUT ROWID;

CREATE TABLE finding_thread (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL,
	thread  INTEGER NOT NULL,
	PRIMARY KEY (process, finding, thread)
) WITHOUT ROWID;

-- Of a race: what two threads used.  finding_stack has the stacks of both sides, too.
CREATE TABLE race (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL, -- finding.ordinal
	about   TEXT NOT NULL,    -- mutex, sem, ...; of race:libc-state: what the functions share; of a race that was caught:
	                          -- variable, block, stack, memory
	proof   TEXT NOT NULL,    -- freed: by one side, before the other side was done with it; overlap: two calls at the same
	                          -- time; order: no proof, nothing that was seen orders the two sides; met: both threads stood
	                          -- before their accesses; watched: the second one was stopped right behind its own; value:
	                          -- the value changed while one thread stood before its access
	reason  TEXT,             -- why a race that was caught has its class, as the clause behind "because"
	address INTEGER,          -- NULL: memory of libc
	name    TEXT,             -- the variable that it is, with + and bytes where it is a part of one; NULL: none, or not known
	declared_file TEXT,       -- where the variable is declared
	declared_line INTEGER,
	block_into INTEGER,       -- bytes from the start of its block; NULL: no block is known
	block_bytes INTEGER,      -- of that block
	allocated_stack INTEGER,  -- where that block was allocated
	allocated_by INTEGER,     -- the thread that allocated it; NULL: not known
	stack_of INTEGER,         -- the thread on whose stack the address lies; NULL: on none
	value_before TEXT,        -- the first bytes that both sides access, before either did: as a number where they are 1, 2,
	                          -- 4 or 8, else one after the other; NULL: not known
	value_after TEXT,         -- and after both
	held    REAL,             -- seconds that side 0 had been stopped when side 1 came
	PRIMARY KEY (process, finding)
) WITHOUT ROWID;

CREATE TABLE race_side (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL,
	side    INTEGER NOT NULL, -- 0, 1; of a race that was caught, 0 is the thread that was stopped first
	thread  INTEGER,          -- NULL: not known
	at      REAL,
	access  TEXT NOT NULL,    -- read, write
	size    INTEGER,          -- bytes that it accesses; NULL: it is a call, or not known
	does    TEXT NOT NULL,    -- "unlocks a mutex", "localtime", "reads and writes", ...
	stack   INTEGER,
	PRIMARY KEY (process, finding, side)
) WITHOUT ROWID;

-- Locks that a side of a race held, the first four.
CREATE TABLE race_lock (
	process INTEGER NOT NULL,
	finding INTEGER NOT NULL,
	side    INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	what    TEXT NOT NULL,    -- mutex, rwlock, ...
	address INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	name    TEXT,
	created_stack INTEGER,
	shared  INTEGER NOT NULL, -- 1: for reading
	since   REAL,
	taken_stack INTEGER,
	PRIMARY KEY (process, finding, side, ordinal)
) WITHOUT ROWID;

-- How data races were looked for (--races).  A process without a row was not traced.
CREATE TABLE race_search (
	process INTEGER PRIMARY KEY,
	done    INTEGER NOT NULL, -- 0: nothing was looked for, why says why not
	why     TEXT,             -- done: why it ended early; NULL: it did not
	seed    INTEGER NOT NULL, -- of all choices
	share   INTEGER NOT NULL, -- percent of the time with several threads that it was allowed to cost
	sites   INTEGER NOT NULL, -- instructions at which threads may meet, in the modules that were looked at
	armed   INTEGER NOT NULL, -- of these, the most that stopped threads at a time
	stops   INTEGER NOT NULL,
	holds   INTEGER NOT NULL, -- stops in which a thread was kept waiting for another one
	watched INTEGER NOT NULL, -- of these, with a watchpoint
	threads INTEGER NOT NULL, -- the most at a time
	pairs   INTEGER NOT NULL, -- of sites at which threads were caught together
	stop_seconds REAL NOT NULL, -- that the stops took
	hold_seconds REAL NOT NULL, -- in which at least one thread was held
	seconds REAL NOT NULL     -- with two threads or more
);

-- ringtail run --confirm: what became of the deadlocks that an earlier run predicted.
CREATE TABLE confirmation (
	ordinal INTEGER PRIMARY KEY,
	run     TEXT NOT NULL,    -- directory of the earlier run
	id      TEXT NOT NULL,    -- finding.id there
	message TEXT NOT NULL,    -- finding.message there
	outcome TEXT NOT NULL,    -- confirmed: it closed, and is a realised deadlock of this run; not-closed; not-reached;
	                          -- not-tried: threads came to its places while another prediction had its turn
	places  INTEGER NOT NULL, -- edges of the cycle
	reached INTEGER NOT NULL, -- how many of them threads came to
	held_up INTEGER NOT NULL, -- times that a thread was held up at one
	tried   INTEGER NOT NULL  -- runs that held threads up for it, this one and those before
);

-- ---- views ---------------------------------------------------------------------------

-- Every frame of a stack, innermost first:
--   select depth, function, file, line from v_stack where process = 1 and stack = 42 order by depth, ordinal
-- The walk is made for each stack by itself, so that asking for one costs no more than one.
CREATE VIEW v_stack AS
SELECT top.process, top.id AS stack, pcs.key AS depth, f.ordinal, f.function, f.file, f.line, f.inlined,
	m.path AS module, f.offset, m.build_id
FROM stack top
CROSS JOIN json_each((
	WITH RECURSIVE walk (depth, parent, pc) AS (
		SELECT 0, top.parent, top.pc
		UNION ALL
		SELECT depth + 1, s.parent, s.pc
		FROM walk JOIN stack s ON s.process = top.process AND s.id = walk.parent
		WHERE walk.parent >= 16 AND depth < 4095
	)
	SELECT '[' || group_concat(pc) || ']' FROM walk
)) pcs
CROSS JOIN frame f ON f.process = top.process AND f.pc = pcs.value
LEFT JOIN module m ON m.process = f.process AND m.id = f.module;

-- stack.place by itself.
CREATE VIEW v_place AS SELECT process, id AS stack, place FROM stack;

-- The place of every stack that is stored: what reports name it by, without wrappers.  Columns are looked up one by one,
-- so that a query pays for the stacks that it asks for.
CREATE VIEW v_where AS
SELECT p.process, p.stack,
	(SELECT coalesce(f.function,
		coalesce(m.path, '?') || printf('+0x%x', f.offset - coalesce(f.function_offset, 0)))
	FROM frame f LEFT JOIN module m ON m.process = f.process AND m.id = f.module
	WHERE f.process = p.process AND f.pc = p.place >> 7 AND f.ordinal = p.place & 127) AS function,
	(SELECT f.file FROM frame f
	WHERE f.process = p.process AND f.pc = p.place >> 7 AND f.ordinal = p.place & 127) AS file,
	(SELECT f.line FROM frame f
	WHERE f.process = p.process AND f.pc = p.place >> 7 AND f.ordinal = p.place & 127) AS line,
	(SELECT m.path FROM frame f JOIN module m ON m.process = f.process AND m.id = f.module
	WHERE f.process = p.process AND f.pc = p.place >> 7 AND f.ordinal = p.place & 127) AS module
FROM v_place p;

-- Allocation sites, most bytes first.
CREATE VIEW v_top_sites AS
SELECT h.process, h.id AS site, h.type, w.function, w.file, w.line, h.allocations, h.allocated_bytes,
	h.temporary, h.peak_bytes, h.live_blocks, h.live_bytes, h.stack
FROM heap_site h LEFT JOIN v_where w ON w.process = h.process AND w.stack = h.stack
ORDER BY h.allocated_bytes DESC;

-- Allocation sites by who allocated there: every site, with a row for each group of threads.
CREATE VIEW v_site_groups AS
SELECT process, id AS site, stack, type, thread_group, allocations, allocated_bytes, peak_blocks, peak_bytes,
	live_blocks, live_bytes
FROM heap_site h
WHERE NOT EXISTS (SELECT 1 FROM heap_share s WHERE s.process = h.process AND s.site = h.id)
UNION ALL
SELECT s.process, s.site, h.stack, h.type, s.thread_group, s.allocations, s.allocated_bytes, s.peak_blocks,
	s.peak_bytes, s.live_blocks, s.live_bytes
FROM heap_share s JOIN heap_site h ON h.process = s.process AND h.id = s.site;

CREATE VIEW v_findings AS
SELECT p.pid, p.exe, f.ordinal, f.kind, f.class, f.information, f.id, f.message, f.blocks, f.bytes, f.times,
	f.suppressed, f.kept_blocks, f.kept_bytes, f.lost_with
FROM finding f JOIN process p ON p.id = f.process
ORDER BY p.started_ns, p.image, f.ordinal;

CREATE VIEW v_locks AS
SELECT l.process, l.id, l.kind, printf('0x%x', l.address) AS address, l.generation, l.acquisitions, l.contended,
	l.wait_seconds, l.wait_longest, l.hold_seconds, l.hold_longest, l.owner, l.folded,
	coalesce(i.function, u.function) AS function, coalesce(i.file, u.file) AS file,
	coalesce(i.line, u.line) AS line
FROM lock l
LEFT JOIN v_where i ON i.process = l.process AND i.stack = l.init_stack
LEFT JOIN v_where u ON u.process = l.process AND u.stack = l.first_stack
ORDER BY l.wait_seconds DESC, l.acquisitions DESC;

-- Classes of locks, most waited for first.
CREATE VIEW v_lock_classes AS
SELECT c.process, c.id AS class, c.kind, c.locks, c.acquisitions, c.contended, c.wait_seconds, c.wait_longest,
	c.hold_seconds, c.hold_longest, w.function, w.file, w.line, c.initialised
FROM lock_class c LEFT JOIN v_where w ON w.process = c.process AND w.stack = c.stack
ORDER BY c.wait_seconds DESC, c.acquisitions DESC;

-- Who waited for whom, and how long.
CREATE VIEW v_lock_waits AS
SELECT l.process, l.ordinal, c.kind, l.class, l.waits, l.wait_seconds, l.wait_longest,
	w.function AS waited_in, w.file AS waited_file, w.line AS waited_line,
	h.function AS holder_in, h.file AS holder_file, h.line AS holder_line, l.thread, l.holder
FROM lock_wait l
JOIN lock_class c ON c.process = l.process AND c.id = l.class
LEFT JOIN v_where w ON w.process = l.process AND w.stack = l.stack
LEFT JOIN v_where h ON h.process = l.process AND h.stack = l.holder_stack
ORDER BY l.process, l.ordinal;

CREATE VIEW v_threads AS
SELECT p.pid, t.id, t.tid, t.name, r.function AS runs, t.created_by, t.created_at, t.ended_at, t.state_at_end, t.joined,
	t.detached, w.function AS created_in, w.file, w.line
FROM thread t JOIN process p ON p.id = t.process
LEFT JOIN frame r ON r.process = t.process AND r.pc = t.runs_pc AND r.ordinal = t.runs_ordinal
LEFT JOIN v_where w ON w.process = t.process AND w.stack = t.created_stack
ORDER BY p.started_ns, p.image, t.id;
