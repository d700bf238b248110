# make fuzz: libFuzzer, FUZZ_SECONDS long, on the reader of ring files, from a generated seed corpus; make fuzz-text: on
# rules and options, from tests/fuzz/text.  What they find is left as crash-* in $(BUILD)/fuzz;
# fuzz-replay FILES="..." and fuzz-text-replay FILES="..." run files without libFuzzer.
FUZZ_CC ?= clang-14
FUZZ_SECONDS ?= 60
FUZZ_FLAGS := -std=gnu17 -g -O1 -I. -D_GNU_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_SRC := tools/error.c tools/event.c tools/process.c $(wildcard tools/source/*.c tools/analyse/*.c)
# SIGBUS is the reader's own business: a file may shrink while it is read.
FUZZ_ENV := ASAN_OPTIONS=handle_sigbus=0:allocator_may_return_null=1

$(BUILD)/fuzz/fuzz_ring_file: tests/fuzz/fuzz_ring_file.c $(FUZZ_SRC)
	@mkdir -p $(@D)
	$(call say,FUZZCC,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ -pthread -lm

$(BUILD)/fuzz/replay: tests/fuzz/fuzz_ring_file.c $(FUZZ_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(FUZZ_FLAGS) -DSTANDALONE -o $@ $^ -pthread -lm

$(BUILD)/fuzz/make_seeds: tests/fuzz/make_seeds.c tests/unit/ring_builder.c tools/process.c tools/source/ring_clock.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=gnu17 -g -I. -D_GNU_SOURCE -o $@ $^

.PHONY: fuzz fuzz-replay
fuzz: $(BUILD)/fuzz/fuzz_ring_file $(BUILD)/fuzz/make_seeds
	@mkdir -p $(BUILD)/fuzz/corpus
	$(BUILD)/fuzz/make_seeds $(BUILD)/fuzz/corpus
	cd $(BUILD)/fuzz && $(FUZZ_ENV) ./fuzz_ring_file -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 \
		-rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 corpus

fuzz-replay: $(BUILD)/fuzz/replay
	$(FUZZ_ENV) $(BUILD)/fuzz/replay $(FILES)

# ---- rules and options ---------------------------------------------------------------
FUZZ_TEXT_SRC := tools/error.c tools/kinds.c tools/memory.c tools/options.c tools/suggest.c tools/suppress/rules.c \
	tools/suppress/pattern.c

$(BUILD)/fuzz/fuzz_text: tests/fuzz/fuzz_text.c $(FUZZ_TEXT_SRC)
	@mkdir -p $(@D)
	$(call say,FUZZCC,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^

$(BUILD)/fuzz/replay_text: tests/fuzz/fuzz_text.c $(FUZZ_TEXT_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(FUZZ_FLAGS) -DSTANDALONE -o $@ $^

.PHONY: fuzz-text fuzz-text-replay
fuzz-text: $(BUILD)/fuzz/fuzz_text
	@mkdir -p $(BUILD)/fuzz/corpus-text && cp tests/fuzz/text/* $(BUILD)/fuzz/corpus-text
	cd $(BUILD)/fuzz && ./fuzz_text -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -print_final_stats=1 \
		-verbosity=0 corpus-text

fuzz-text-replay: $(BUILD)/fuzz/replay_text
	$(BUILD)/fuzz/replay_text $(FILES)
