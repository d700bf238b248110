#include "shim/boot.h"

#include <stddef.h>
#include <stdint.h>

#include "shim/address_space.h"
#include "shim/atomics.h"
#include "shim/clock.h"
#include "shim/confirm.h"
#include "shim/environment.h"
#include "shim/known_allocator.h"
#include "shim/message.h"
#include "shim/modules.h"
#include "shim/options.h"
#include "shim/proc.h"
#include "shim/process.h"
#include "shim/resolve.h"
#include "shim/ring_header.h"
#include "shim/sanitizer.h"
#include "shim/sys.h"
#include "shim/thread.h"

enum boot_state { BOOT_NEW, BOOT_UNDER_WAY, BOOT_DONE };

static uint32_t boot_state;
static __thread bool under_way;

bool boot_under_way(void) { return under_way; }

static void start_up(void)
{
	address_space_start_up();
	resolve_all();
	message_start_up();
	const char *sanitizer = sanitizer_here();
	if (sanitizer) {
		message_once("this program is not watched, as it runs with a sanitizer", sanitizer);
		return;
	}
	sys_filtered = proc_has_seccomp_filter();
	ring_header_keep_command();
	const char *bad = options_parse(environment_initial("RINGTAIL"));
	if (bad)
		message_once("a part of RINGTAIL is ignored", bad);
	clock_choose();
	confirm_start_up();
	modules_start_up();
	known_allocator_start_up();
	resolve_front(&(struct front_allocator){0});
	thread_start_up();
	process_start_up();
}

void boot(void)
{
	if (load_acquire(&boot_state) == BOOT_DONE)
		return;
	if (cas_acq_rel(&boot_state, BOOT_NEW, BOOT_UNDER_WAY)) {
		under_way = true;
		start_up();
		under_way = false;
		store_release(&boot_state, BOOT_DONE);
		return;
	}
	while (load_acquire(&boot_state) != BOOT_DONE)
		sys_yield();
}
