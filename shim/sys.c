#include "shim/sys.h"

bool sys_restricted, sys_filtered;
