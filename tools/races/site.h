/*
 * Sites: the instructions of a file at which a thread accesses memory that other threads may share.  They are read from
 * the file alone; nothing of a running process is needed.
 *
 * A site is an instruction with a memory operand, in a function that the unwind table knows and that decodes from its
 * first byte to its last.  Left out is what no other thread can meet, or what cannot be known before it has run:
 * operands relative to rsp, to rbp where the unwind table says that rbp is the frame, and to fs and gs; RIP-relative
 * operands in memory that is read-only when the program runs, and slots of the PLT; the stack's own side of push, pop,
 * call and ret; masked accesses, gathers and scatters.
 */
#ifndef RINGTAIL_RACES_SITE_H
#define RINGTAIL_RACES_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/error.h"

#define RACE_NO_REGISTER 0xff
#define RACE_REGISTERS   16 /* rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15: the order of their numbers in instructions */

/* What an instruction does with its operand, as far as that tells which source code it can be made of.  What a shape
 * proves depends on the compiler: tools/races/shapes.h. */
enum race_shape {
	RACE_SHAPE_OTHER,       /* none of those below */
	RACE_SHAPE_MOVE,        /* a load or a store alone, of 8 bytes at most, as atomics are made of */
	RACE_SHAPE_MOVE_16,     /* an aligned load or store of 16 bytes with AVX, which is one access, too */
	RACE_SHAPE_CONDITIONAL, /* cmov: the compiler may read what the source code does not */
	RACE_SHAPE_TEST,        /* cmp, test and their like: the result is flags */
	RACE_SHAPE_OPERAND,     /* the value read is one operand of a computation */
	RACE_SHAPE_UPDATE,      /* read, changed and written by one instruction without LOCK ... */
	RACE_SHAPE_UPDATE_TEST, /* ... whose flags are used then, or may be */
	RACE_SHAPE_CALL,        /* the value read is where a call goes */
	RACE_SHAPE_JUMP,        /* the same of a jump, which may be a call at the end of a function */
	RACE_SHAPE_PUSH,        /* push and pop of an operand in memory */
	RACE_SHAPE_VECTOR,      /* more than 8 bytes, but RACE_SHAPE_MOVE_16 */
	RACE_SHAPE_STRING,      /* movs, stos, lods, scas and cmps, with or without rep */
	RACE_SHAPE_LOCKED,      /* LOCK, and xchg, which needs no prefix */
	RACE_SHAPES
};

enum race_string { /* which operands a string operation has, and how many elements it accesses for certain */
	           RACE_STRING_NONE,
	           RACE_STRING_READ,    /* lods: at rsi */
	           RACE_STRING_WRITE,   /* stos: at rdi */
	           RACE_STRING_COPY,    /* movs: reads at rsi, writes at rdi */
	           RACE_STRING_SEARCH,  /* scas: reads at rdi, and may end early */
	           RACE_STRING_COMPARE, /* cmps: reads at rsi and at rdi, and may end early */
};

struct race_site {
	uint64_t address;        /* of the instruction, in the file's addresses: minus the bias of the module */
	uint64_t variable;       /* if rip_relative: the file address that is accessed */
	int64_t displacement;    /* not of RIP-relative operands */
	uint32_t function;       /* index of the range that contains it */
	uint16_t size;           /* bytes accessed; 0: only registers tell (string operations) */
	uint8_t length;          /* bytes of the instruction */
	uint8_t base, index;     /* numbers of registers, or RACE_NO_REGISTER */
	uint8_t scale;           /* 1, 2, 4, 8; 0: no index */
	uint8_t displacement_at; /* if rip_relative: where the instruction has its displacement of 4 bytes, which a
	                          * displaced copy corrects */
	uint8_t element;         /* string operations: bytes of one element */
	enum race_shape shape : 8;
	enum race_string string : 8;
	bool repeated : 1; /* string operation with a rep prefix: rcx elements */
	bool reads : 1, writes : 1;
	bool rip_relative : 1;
	bool locked : 1;       /* kept, because it tells of the variable; not for arming */
	bool control_flow : 1; /* a jump or call through memory: a displaced copy goes elsewhere, or leaves its own
	                        * return address */
};

/* A function, or the part of one that the compiler put elsewhere, as the unwind table has it. */
struct race_function {
	uint64_t start, end;
	uint32_t first, sites; /* in race_sites.items */
};

struct race_code;
struct race_sites {
	struct race_code *code;  /* the file's code: race_sites_bytes */
	struct race_site *items; /* sorted by address */
	size_t count;
	struct race_function *functions; /* sorted by start; those that decode */
	size_t function_count;
	size_t dropped; /* functions that do not decode to their end, or lie across others */
	uint64_t instructions;
};

/* Reads the sites of an ELF file of x86-64; fd stays the caller's, its offset is not used, and it may be
 * closed then.  The file may be damaged
 * or hostile: what it says is checked, and its size bounds memory and time.  NULL, with the reason in err: it cannot be
 * read, is of another machine, has no unwind table, or ringtail was built without Zydis. */
struct race_sites *race_sites_of(int fd, struct error *err);
void race_sites_free(struct race_sites *sites);
/* The site of which the instruction starts at this address of the file; NULL: there is none. */
const struct race_site *race_sites_find(const struct race_sites *sites, uint64_t address);
/* The site of which the instruction ends at this address: where a watchpoint stops.  NULL: there is none, or the thread
 * came here by a jump. */
const struct race_site *race_sites_ending(const struct race_sites *sites, uint64_t address);
/* Fills in the instruction that ends at this address, if it accesses memory, be that shared or in its function's frame:
 * a frame's variables are shared, too, where their addresses are passed on.  False: it is not known, or accesses memory
 * relative to rsp.  Decodes the function from its start. */
bool race_sites_access_ending(const struct race_sites *sites, uint64_t address, struct race_site *site);
/* The function that contains this address of the file; NULL: there is none that was scanned. */
const struct race_function *race_sites_function(const struct race_sites *sites, uint64_t address);

/* The bytes of the code from this address of the file on, as the file has them; *room: how many.  They belong to sites.
 * NULL: there is no code. */
const uint8_t *race_sites_bytes(const struct race_sites *sites, uint64_t address, uint64_t *room);

/* True if another site of the same function has the same operand with LOCK or as that of xchg: the same registers and
 * displacement, or the same variable. */
bool race_site_is_locked_nearby(const struct race_sites *sites, const struct race_site *site);
/* True if one of the next sites of the function writes the same operand, without LOCK: what is read here may be written
 * back there.
 */
bool race_site_is_written_behind(const struct race_sites *sites, const struct race_site *site);
/* True if the value that the site reads decides, a few instructions later, whether a branch goes back to the site: it
 * may wait for the value to change.  That it did, the same thread's next read of the same address tells. */
bool race_site_may_poll(const struct race_sites *sites, const struct race_site *site);

struct race_access {
	uint64_t address; /* in the process */
	uint64_t size;    /* bytes; 0: none, a string operation whose count is 0 */
	bool reads, writes;
};

#define RACE_ACCESSES 2

/* What a thread that stands before the site will access, by its registers: one or two accesses, written to accesses;
 * their number is returned.  The size is that which is certain: a search that may end early reads its first element.
 * backwards: the direction flag is set. */
unsigned race_site_accesses(const struct race_site *site, uint64_t bias, const uint64_t registers[RACE_REGISTERS],
                            bool backwards, struct race_access accesses[RACE_ACCESSES]);

/* True if memory has the code that the file has: memory is a descriptor of /proc/PID/mem, bias that of the module.
 * Call it before anything is armed. */
bool race_text_is_mapped(int fd, int memory, uint64_t bias);

/* NULL: the sites of this module are to be armed by default; else why not, as a sentence's end ("it is ...").
 * module: its path, as the loader has it; executable: path of the program. */
const char *race_module_left_out(const char *module, const char *executable);

#endif
