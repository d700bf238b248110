# The ring's two sides in one process under ThreadSanitizer; run by an end-to-end test.
RACE_SRC := tests/races/ring_race.c shim/ring.c shim/clock.c tests/unit/ring_builder.c $(wildcard tools/source/*.c) \
	tools/process.c tools/error.c tools/event.c tools/memory.c

# fences, which it does not model, are in the seqlock of chunks that are overwritten: not part of this
$(BUILD)/tsan/ring_race: $(RACE_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(BASE_CFLAGS) -g -O1 -Wno-tsan -ftls-model=initial-exec -fsanitize=thread -o $@ $(RACE_SRC) -pthread -lm

.PHONY: tsan
tsan: $(BUILD)/tsan/ring_race
	setarch -R $<
e2e: $(BUILD)/tsan/ring_race
