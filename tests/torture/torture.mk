# The torture suite (tests/torture): hostile surroundings, and big programs under ringtail and without.
TEST_DEPS += $(if $(filter x86_64,$(MACHINE)),libc6-dev-i386 lib32gcc-12-dev) musl-tools libjemalloc2 \
	libtcmalloc-minimal4 libmimalloc2.0 gdb linux-perf
# big programs, for `make torture` only
TORTURE_DEPS := mariadb-server sysbench postgresql nginx-light wrk memcached ffmpeg rustc cargo nodejs \
	openjdk-17-jdk-headless chromium libpython3.11-testsuite

# gcc-multilib, which would find the kernel's headers, cannot be installed beside a cross compiler
$(BUILD)/programs/x86_64_in_32_bits: PROGRAM_FLAGS += -m32 -idirafter /usr/include/x86_64-linux-gnu
$(BUILD)/programs/musl_binary: CC := musl-gcc

programs: $(BUILD)/programs/audit.so
$(BUILD)/programs/audit.so: tests/programs/lib/audit.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu17 -Wall $(PROGRAM_FLAGS) -fPIC -shared -o $@ $<

# The quick rows are among the end-to-end tests.
TORTURE_ROW_OBJ := $(BUILD)/obj/tests/torture/row.o
TORTURE_OBJ := $(BUILD)/obj/tests/torture/torture.o $(TORTURE_ROW_OBJ) $(patsubst %,$(BUILD)/obj/tests/harness/%.o,rt spawn)
E2E_OBJ += $(TORTURE_ROW_OBJ)
$(BUILD)/e2e-tests: $(TORTURE_ROW_OBJ)

$(BUILD)/torture-tests: $(TORTURE_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $(TORTURE_OBJ) -ljansson -lcriterion -pthread

# $(BUILD)/torture.txt has a line for each row: what was expected, and what was observed.
.PHONY: torture torture-deps
torture:
	@$(MAKE) --no-print-directory torture-deps
	@$(MAKE) --no-print-directory -j$$(nproc) all programs $(BUILD)/torture-tests
	@rm -f $(BUILD)/torture.txt
	@tests/run.sh $(BUILD) torture-tests; status=$$?; sort $(BUILD)/torture.txt; exit $$status
torture-deps: test-deps
	$(call install_missing,$(TORTURE_DEPS))
