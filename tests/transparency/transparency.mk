# Programs without ringtail and with it (tests/transparency): output, files, status, signals and system calls.
SYSTEM_CALLS_DEPS := $(sort $(shell sed -n 's/^[^#|]* | \([^|]*\) | .*/\1/p' tests/transparency/programs.def))

# make system-calls [NAME="sort git"]
.PHONY: system-calls system-calls-deps
system-calls:
	@$(MAKE) --no-print-directory system-calls-deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/transparency/transparency.py $(BUILD) $(NAME)
system-calls-deps: test-deps
	$(call install_missing,$(SYSTEM_CALLS_DEPS))
