# A build of the shim that compares every stack with the full engine's and with libunwind's (stack_check.h).
CHECK_SRC := $(SHIM_SRC) tests/differential/stack_check.c
CHECK_OBJ := $(CHECK_SRC:%.c=$(BUILD)/obj/check/%.o)

$(BUILD)/obj/check/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(SHIM_CFLAGS) -DRINGTAIL_CHECK_STACKS -c -o $@ $<

$(BUILD)/libringtail-check.so: $(CHECK_OBJ) shim/versions.map
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) -o $@ $(CHECK_OBJ) $(filter-out -nostdlib -lc -Wl$(comma)-z$(comma)defs,$(SHIM_LDFLAGS)) -lunwind -lc

# 100,000 stacks and more of each whole program (STACKS=N: another number, NAME="a b": of these only).  Takes minutes.
.PHONY: differential
differential: programs $(BUILD)/libringtail-check.so
	@tests/differential/differential.py $(BUILD) $(if $(STACKS),$(STACKS),100000) $(NAME)
