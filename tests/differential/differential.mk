# A build of the shim that compares every stack with the full engine's and with libunwind's: the shim's own objects, and
# a stack capture that the linker puts around theirs (stack_check.h).
CHECK_OBJ := $(SHIM_OBJ) $(BUILD)/obj/check/stack_check.o

$(BUILD)/obj/check/stack_check.o: tests/differential/stack_check.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(SHIM_CFLAGS) -c -o $@ $<

$(BUILD)/libringtail-check.so: $(CHECK_OBJ) shim/versions.map
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) -o $@ $(CHECK_OBJ) -Wl,--wrap=stack_capture \
		$(filter-out -nostdlib -lc -Wl$(comma)-z$(comma)defs,$(SHIM_LDFLAGS)) -lunwind -lc

# 100,000 stacks and more of each whole program (STACKS=N: another number, NAME="a b": of these only).  Takes minutes.
.PHONY: differential
differential: programs $(BUILD)/libringtail-check.so
	@tests/differential/differential.py $(BUILD) $(if $(STACKS),$(STACKS),100000) $(NAME)
