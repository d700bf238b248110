# ringtail.  `make help` lists the targets; V=1 shows the commands.
VERSION := 0.1.0
PREFIX ?= /usr/local
BUILD ?= build
CC ?= gcc
CXX ?= g++
AR ?= ar
OPT ?= -O2
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wno-unused-parameter
ifdef CI
WARN += -Werror
endif
SANITIZE ?=
CFLAGS ?= -g
BASE_CFLAGS = -std=gnu17 $(OPT) $(WARN) -I. -I$(BUILD) -MMD -MP -D_GNU_SOURCE -DRINGTAIL_VERSION='"$(VERSION)"'

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

.DEFAULT_GOAL := all
.PHONY: all
all: $(BUILD)/libringtail.so $(BUILD)/ringtail $(BUILD)/ringtail-scan $(BUILD)/ringtail-races $(BUILD)/default.supp

# ---- the shim: glibc alone, nothing exported but the hooks ------------------
SHIM_SRC := $(wildcard shim/*.c)
SHIM_OBJ := $(SHIM_SRC:%.c=$(BUILD)/obj/%.o)
# no SLP: pairs of values in vector registers made the walk through a stack a third slower, waiting for their way there and back
SHIM_CFLAGS = $(BASE_CFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fexceptions \
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free \
	-fno-stack-protector -fasynchronous-unwind-tables -fno-tree-slp-vectorize $(SHIM_ARCH_CFLAGS) $(SHIM_ANY_POINTER)
# The headers promise the compiler that arguments are not NULL, and it drops the hooks' checks; programs promise nothing.
SHIM_ANY_POINTER := -D'__nonnull(arguments)=' -D'__attribute_nonnull__(arguments)='
# atomics inline: libgcc's out-of-line ones are not linked
SHIM_ARCH_CFLAGS := $(if $(findstring aarch64,$(shell $(CC) -dumpmachine)),-mno-outline-atomics)
SHIM_LDFLAGS = -shared -Wl,-z,defs -Wl,-z,now -Wl,-z,relro -Wl,-soname,libringtail.so \
	-Wl,--version-script=shim/versions.map -nostdlib -lc

# Names of all rows: each must be exported (libc would satisfy the linker for a row without a body).
HOOKS := $(shell sed -n 's/^HOOK.[^,]*, \([a-zA-Z0-9_]*\),.*/\1/p' shim/hooks.def)

$(BUILD)/obj/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(SHIM_CFLAGS) -c -o $@ $<

$(BUILD)/libringtail.so: $(SHIM_OBJ) shim/versions.map
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) -o $@ $(SHIM_OBJ) $(SHIM_LDFLAGS)
	@exported=" $$(nm -D --defined-only $@ | sed -n 's/.* T \([^@]*\).*/\1/p' | tr '\n' ' ')"; \
	for hook in $(HOOKS); do case "$$exported" in *" $$hook "*) ;; \
		*) echo "shim/hooks.def has a row for $$hook, and no hooks_*.c a body"; rm -f $@; exit 1;; esac; done

# ---- the tools ----------------------------------------------------------------
# Zydis decodes the instructions of programs, for the search for data races (tools/races/).  ZYDIS=no builds without it.
ZYDIS ?= yes
TOOLS_SRC := $(wildcard tools/*.c tools/*/*.c tools/*/*/*.c)
TOOLS_OBJ := $(TOOLS_SRC:%.c=$(BUILD)/obj/%.o)
TOOLS_MAINS := $(addprefix $(BUILD)/obj/tools/,main.o scan/main_scan.o races/main_races.o)
TOOLS_LIB_OBJ := $(filter-out $(TOOLS_MAINS),$(TOOLS_OBJ))
TOOLS_LIBS := -ldw -lelf -lsqlite3 -ljansson -liberty -lprotobuf-c -lz -lm $(if $(filter no,$(ZYDIS)),,-lZydis)
TOOLS_CFLAGS = $(BASE_CFLAGS) $(TOOLS_INCLUDE) $(CFLAGS) $(SANITIZE)

$(BUILD)/obj/tools/%.o: tools/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(TOOLS_CFLAGS) -c -o $@ $<

$(BUILD)/obj/tools/races/decode.o: BASE_CFLAGS += $(if $(filter no,$(ZYDIS)),,-DRINGTAIL_ZYDIS)

# The schema is SQL for people, and a string for the program.
$(BUILD)/schema_sql.h: tools/store/schema.sql
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $< > $@
$(BUILD)/obj/tools/store/store.o: $(BUILD)/schema_sql.h

# Messages of other programs' formats: C made from the .proto files.
PROTO := $(wildcard tools/export/*.proto)
PROTO_C := $(PROTO:tools/export/%.proto=$(BUILD)/%.pb-c.c)
TOOLS_LIB_OBJ += $(PROTO_C:%.c=%.o)
$(BUILD)/%.pb-c.c $(BUILD)/%.pb-c.h: tools/export/%.proto
	@mkdir -p $(@D)
	$(call say,GEN,$(BUILD)/$*.pb-c.c)
	$(Q)protoc-c --proto_path=tools/export --c_out=$(BUILD) $(notdir $<)
$(BUILD)/%.pb-c.o: $(BUILD)/%.pb-c.c
	$(call say,CC,$<)
	$(Q)$(CC) $(TOOLS_CFLAGS) -c -o $@ $<
$(filter $(BUILD)/obj/tools/export/%,$(TOOLS_OBJ)): $(PROTO_C:%.c=%.h)

# The page of `report --format html`: bundled by esbuild, with libraries of the versions in package-lock.json, and then
# part of the tool.  PAGE=no builds without it, and without npm.
PAGE ?= yes
PAGE_DIR ?= $(BUILD)/page
export PAGE_DIR
PAGE_FILE := $(PAGE_DIR)/$(if $(filter no,$(PAGE)),none,page.html)
PAGE_SRC := $(wildcard tools/html/*.mjs tools/html/src/* tools/html/src/*/*)
$(PAGE_DIR)/node_modules/.complete: tools/html/package.json tools/html/package-lock.json
	@mkdir -p $(@D)
	$(call say,NPM,$(PAGE_DIR)/node_modules)
	$(Q)cp $^ $(PAGE_DIR)/ && cd $(PAGE_DIR) && npm ci --silent --ignore-scripts --no-audit --no-fund --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=4000 || { \
		echo 'npm could not get what the page of `report --format html` is made of.  It needs npm, and its registry once;'; \
		echo '`make PAGE=no` builds without the page.'; exit 1; } >&2
	@touch $@
$(PAGE_DIR)/page.html: $(PAGE_DIR)/node_modules/.complete $(PAGE_SRC)
	$(call say,GEN,$@)
	$(Q)node tools/html/build.mjs $(PAGE_DIR)
$(PAGE_DIR)/none:
	@mkdir -p $(@D) && : > $@
$(BUILD)/obj/tools/html/template.o: $(PAGE_FILE)
$(BUILD)/obj/tools/html/template.o: BASE_CFLAGS += -DPAGE_FILE='"$(PAGE_FILE)"'

$(BUILD)/libtools.a: $(TOOLS_LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(TOOLS_LIB_OBJ)

$(BUILD)/ringtail: $(BUILD)/obj/tools/main.o $(BUILD)/libtools.a
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) $(SANITIZE) -o $@ $^ $(TOOLS_LIBS)

# Every program without a live reader starts it and waits for it: static, as a loader with the libraries of `ringtail` would
# be most of its time.
$(BUILD)/ringtail-scan: $(BUILD)/obj/tools/scan/main_scan.o $(BUILD)/libtools.a
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) -static -o $@ $^

# With the option races, every program that creates a thread starts it.
$(BUILD)/ringtail-races: $(BUILD)/obj/tools/races/main_races.o $(BUILD)/libtools.a
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) -o $@ $^ -Wl,--as-needed $(TOOLS_LIBS)

# ---- packages ----------------------------------------------------------------------
# Debian packages: installs the missing ones, does nothing when all are there.
# not by the name of the package: others than Debian have npm in that of node
NODE := $(if $(shell command -v npm),,nodejs npm)
DEPS := gcc g++ make libdw-dev libelf-dev libsqlite3-dev libjansson-dev libiberty-dev uthash-dev \
	libprotobuf-c-dev protobuf-c-compiler zlib1g-dev $(if $(filter no,$(PAGE)),,$(NODE)) $(if $(filter no,$(ZYDIS)),,libzydis-dev)
TEST_DEPS := rustc clang-format libdebuginfod1 binutils libunwind-dev libcriterion-dev valgrind sqlite3 jq git perl python3 xz-utils redis-server redis-tools procps \
	gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user clang libclang-rt-dev eatmydata libfaketime mariadb-server-core mariadb-client-core ripgrep bat bc bzip2 cmake curl file gawk gnupg lz4 openssh-client openssl zstd strace \
	memcached nginx-light zip unzip vim libglib2.0-bin libfontconfig1 bash tmux ninja-build iproute2 patch pkgconf \
	libjemalloc2 libjemalloc-dev libgoogle-perftools-dev libtcmalloc-minimal4 libmimalloc2.0 libtbbmalloc2 golang-go graphviz python3-jsonschema python3-yaml libxml2-utils cmake zsh fish $(if $(shell command -v chromium),,chromium) $(NODE)
# the peers of `make bench`, and the programs that it runs
BENCH_DEPS := heaptrack lttng-tools liblttng-ust-dev valgrind clang sqlite3 jq perl python3 xz-utils redis-server \
	redis-tools mariadb-server sysbench

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
install_missing = @missing=""; for package in $(1); do \
	dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q '^install ok installed' || \
		missing="$$missing $$package"; \
	done; \
	[ -z "$$missing" ] || { echo "installing:$$missing"; \
		$(SUDO) apt-get update -q && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; }

.PHONY: deps demo-deps test-deps
deps:
	$(call install_missing,$(DEPS))
demo-deps: deps
	$(call install_missing,sqlite3)
test-deps: deps
	$(call install_missing,$(TEST_DEPS))

# ---- tests ---------------------------------------------------------------------
comma := ,
include tests/differential/differential.mk
include tests/tests.mk
include tests/torture/torture.mk
include tests/transparency/transparency.mk

include tests/fuzz/fuzz.mk
include tests/races/races.mk

# ---- the main job, from an empty machine to reports ----------------------------
CMD ?=
export CMD
.PHONY: demo
demo:
	@$(MAKE) --no-print-directory demo-deps
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BUILD)/programs/demo
	@tests/demo.sh $(BUILD) "$$CMD"

# ---- install ----------------------------------------------------------------------
INSTALL ?= install
BINDIR = $(DESTDIR)$(PREFIX)/bin
LIBDIR = $(DESTDIR)$(PREFIX)/lib/ringtail
SHAREDIR = $(DESTDIR)$(PREFIX)/share
MANDIR = $(DESTDIR)$(PREFIX)/share/man
DOCDIR = $(DESTDIR)$(PREFIX)/share/doc/ringtail

# What shells need to complete arguments, from what the tool says of itself.
COMPLETIONS := $(addprefix $(BUILD)/completion/,bash zsh fish)
$(COMPLETIONS): $(BUILD)/completion/%: $(BUILD)/ringtail $(wildcard tools/completion/*) tools/finding/kinds.def
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)tools/completion/completion.sh $< $* > $@.new && mv $@.new $@

# The rules that hold by default.  The command looks for them where it is.
$(BUILD)/default.supp: tools/suppress/default.supp
	@mkdir -p $(@D)
	$(Q)cp $< $@

.PHONY: install uninstall
install: all $(COMPLETIONS)
	$(INSTALL) -d $(BINDIR) $(LIBDIR) $(MANDIR)/man1 $(MANDIR)/man5 $(DOCDIR)/docs
	$(INSTALL) -m 755 $(BUILD)/ringtail $(BINDIR)/ringtail
	$(INSTALL) -m 644 $(BUILD)/libringtail.so $(LIBDIR)/libringtail.so
	$(INSTALL) -m 755 $(BUILD)/ringtail-scan $(LIBDIR)/ringtail-scan
	$(INSTALL) -m 755 $(BUILD)/ringtail-races $(LIBDIR)/ringtail-races
	$(INSTALL) -D -m 644 $(BUILD)/default.supp $(SHAREDIR)/ringtail/default.supp
	$(INSTALL) -m 644 $(wildcard docs/man/*.1) $(MANDIR)/man1
	$(INSTALL) -m 644 $(wildcard docs/man/*.5) $(MANDIR)/man5
	$(INSTALL) -D -m 644 $(BUILD)/completion/bash $(SHAREDIR)/bash-completion/completions/ringtail
	$(INSTALL) -D -m 644 $(BUILD)/completion/zsh $(SHAREDIR)/zsh/site-functions/_ringtail
	$(INSTALL) -D -m 644 $(BUILD)/completion/fish $(SHAREDIR)/fish/vendor_completions.d/ringtail.fish
	$(INSTALL) -m 644 README.md $(DOCDIR)
	$(INSTALL) -m 644 $(wildcard docs/*.md) $(DOCDIR)/docs
uninstall:
	rm -f $(BINDIR)/ringtail $(MANDIR)/man1/ringtail*.1 $(MANDIR)/man5/ringtail-*.5
	rm -f $(SHAREDIR)/bash-completion/completions/ringtail $(SHAREDIR)/zsh/site-functions/_ringtail \
		$(SHAREDIR)/fish/vendor_completions.d/ringtail.fish
	rm -rf $(LIBDIR) $(DOCDIR) $(SHAREDIR)/ringtail

.PHONY: clean help
clean:
	rm -rf $(BUILD)
help:
	@echo 'make            build $(BUILD)/ringtail and $(BUILD)/libringtail.so'
	@echo 'make demo       install what is missing, build, watch a small program and sqlite3, print the reports'
	@echo 'make demo CMD=  the same with a command of yours'
	@echo 'make test       install what is missing, build, run all tests (unit: make unit, end to end: make e2e)'
	@echo 'make bench      measure, beside peers (ROUNDS=5, ONLY=pairs|programs|servers|reader|scan|page|commands|sites, WAYS=, OUT=FILE.json)'
	@echo 'make kills      the program, or the reader, killed at 200 random moments each: all events are there; minutes'
	@echo 'make torture    hostile surroundings and big programs (FILTER="big/*"); a line for each row; half an hour'
	@echo 'make system-calls  a hundred Debian programs with and without: output, files, status, and each system call; minutes (NAME=)'
	@echo 'make screens    the first screens of reports on a dozen Debian programs, as they are to be (screens-update: as they are now); minutes (ONLY=, KEEP=)'
	@echo 'make fuzz       fuzz what reads: rings, scans, options, rules, unwind information (FUZZ_SECONDS=60, ONLY="cfi scan")'
	@echo 'make tsan       the ring, written and read at once, under the thread sanitizer'
	@echo 'make aarch64    the shim for aarch64, by a cross compiler'
	@echo 'make datarace_bench  what the tracer of data races catches in DataRaceBench (DATARACEBENCH=DIRECTORY, TRIES=1)'
	@echo 'make differential  100,000 stacks of each of eight programs against two other unwinders; minutes'
	@echo 'make hang-check  every hang of the tests 100 times over (RUNS=, ONLY="part of a name ..."); the best part of an hour'
	@echo 'make asan       the unit tests under address and undefined behaviour sanitizers'
	@echo 'make install    PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'
	@echo 'make format     format all code as .clang-format says (format-check: say what is not)'
	@echo 'make deps       install the Debian packages that building needs (test-deps: testing; bench-deps: measuring)'
	@echo 'V=1 shows the commands, CI=1 makes warnings errors, PAGE=no leaves out the HTML page, and npm; ZYDIS=no leaves out Zydis'

# ---- format ---------------------------------------------------------------------------
# Tables (*.def) are laid out by hand; of data the tests know the lines.
FORMATTED = $(sort $(shell find shim tools tests -path tests/e2e/data -prune -o \( -name '*.[ch]' -o -name '*.cc' \) -print))
.PHONY: format format-check
format:
	clang-format -i $(FORMATTED)
format-check:
	clang-format --dry-run -Werror $(FORMATTED)

# ---- sanitizers: the tools and their unit tests ---------------------------------------
# Without CI's -Werror: gcc's analysis of what code reads goes wrong in code with checks in it.
.PHONY: asan asan-tests
asan: asan-tests
	@tests/run.sh $(BUILD) asan/unit-tests
asan-tests: $(PAGE_FILE)
	@$(MAKE) --no-print-directory CI= BUILD=$(BUILD)/asan OPT=-O1 \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' $(BUILD)/asan/unit-tests

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
