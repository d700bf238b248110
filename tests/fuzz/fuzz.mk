# Fuzzing with libFuzzer: a target for each thing that reads what others wrote.
#   make fuzz            each of them FUZZ_SECONDS long; ONLY="cfi options" takes some
#   make fuzz-replay     FILES="..." TARGET=ring_file: files without fuzzing
# The corpus begins with tests/fuzz/corpus and seeds that are made; what is found is left in $(BUILD)/fuzz/NAME, crash-* beside it.
# A short run of each is among the end-to-end tests.
FUZZ_CC ?= clang-14
FUZZ_SECONDS ?= 60
# needs Zydis
FUZZ_SITES := $(if $(filter no,$(ZYDIS)),,sites)
FUZZ_TARGETS := ring_file scan races options text cfi $(FUZZ_SITES)
FUZZ_FLAGS := -std=gnu17 -g -O1 -I. -D_GNU_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=undefined
# SIGBUS is the reader's own business: a file may shrink while it is read.
FUZZ_ENV := ASAN_OPTIONS=handle_sigbus=0:allocator_may_return_null=1

# the rooms that read what others wrote, whole
FUZZ_ROOMS := base options source finding analyse analyse/* target scan
FUZZ_SRC := $(filter-out tools/scan/main_scan.c tools/scan/at_end.c,$(wildcard $(FUZZ_ROOMS:%=tools/%/*.c))) \
	tools/suppress/rules.c tools/suppress/pattern.c shim/options.c tools/symbolize/cfi_records.c \
	$(patsubst %,tools/races/%.c,accesses code decode frame_rules nearby reader shapes sites)
$(BUILD)/fuzz/fuzz_sites: FUZZ_LIBS := -ldw -lelf -lZydis
FUZZ_OBJ := $(FUZZ_SRC:%.c=$(BUILD)/fuzz/obj/%.o)
FUZZERS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/fuzz_%)

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/obj/tools/races/decode.o: FUZZ_FLAGS += $(if $(FUZZ_SITES),-DRINGTAIL_ZYDIS)

$(BUILD)/fuzz/libfuzz.a: $(FUZZ_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/libfuzz.a
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(BUILD)/fuzz/libfuzz.a $(FUZZ_LIBS) -pthread -lm

$(BUILD)/fuzz/make_seeds: tests/fuzz/make_seeds.c tests/harness/ring_builder.c $(wildcard tools/base/*.c)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -g -I. -D_GNU_SOURCE -o $@ $(filter %.c,$^) -ljansson -lelf -lz

$(BUILD)/fuzz/seeds: $(BUILD)/fuzz/make_seeds
	@mkdir -p $(FUZZ_TARGETS:%=$@/%)
	$(Q)$< $@ && touch $@

.PHONY: fuzz fuzz-targets fuzz-replay
fuzz-targets: $(FUZZERS) $(BUILD)/fuzz/seeds
e2e: fuzz-targets
fuzz: fuzz-targets
	$(Q)for name in $(or $(ONLY),$(FUZZ_TARGETS)); do \
		mkdir -p $(BUILD)/fuzz/$$name tests/fuzz/corpus/$$name; \
		echo "== $$name"; \
		$(FUZZ_ENV) $(BUILD)/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 \
			-rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 -artifact_prefix=$(BUILD)/fuzz/$$name- \
			$(BUILD)/fuzz/$$name tests/fuzz/corpus/$$name $(BUILD)/fuzz/seeds/$$name || exit 1; \
	done

fuzz-replay: fuzz-targets
	$(FUZZ_ENV) $(BUILD)/fuzz/fuzz_$(or $(TARGET),ring_file) $(FILES)
