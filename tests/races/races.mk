# The data that several threads share, in one process under ThreadSanitizer; run by an end-to-end test.
RACE_CFLAGS := $(BASE_CFLAGS) -g -O1 -Wno-tsan -ftls-model=initial-exec -fsanitize=thread
RING_RACE_SRC := tests/races/ring_race.c shim/ring.c shim/ring_copy.c shim/clock.c tests/harness/ring_builder.c \
	$(wildcard tools/base/*.c tools/source/*.c)
TABLE_RACE_SRC := tests/races/stack_table_race.c shim/stack_table.c
RACES := $(BUILD)/tsan/ring_race $(BUILD)/tsan/stack_table_race

# fences, which ThreadSanitizer does not model, are in the seqlock of chunks that are overwritten: not part of this
$(BUILD)/tsan/ring_race: $(RING_RACE_SRC)
$(BUILD)/tsan/stack_table_race: $(TABLE_RACE_SRC)
$(RACES):
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(RACE_CFLAGS) -o $@ $^ -pthread -lm -ljansson -lelf -lz

.PHONY: tsan
tsan: $(RACES)
	for race in $^; do setarch -R $$race || exit 1; done
e2e: $(RACES)

# What the tracer of data races catches in DataRaceBench: DATARACEBENCH is a directory with its sources, which are not
# part of this project (github.com/LLNL/dataracebench).  TRIES=N: runs of each program, with seeds from 1 on.
$(BUILD)/catch_races: tests/races/catch_races.c $(BUILD)/libtools.a
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TOOLS_CFLAGS) -o $@ $< $(BUILD)/libtools.a $(TOOLS_LIBS)

.PHONY: datarace_bench
datarace_bench: $(BUILD)/catch_races
	@tests/races/datarace_bench.py --tries $(if $(TRIES),$(TRIES),1) $(BUILD) $(DATARACEBENCH)
