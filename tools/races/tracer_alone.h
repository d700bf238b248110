/* The tracer that a program starts for itself: the tool's side of shim/races.h. */
#ifndef RINGTAIL_RACES_TRACER_ALONE_H
#define RINGTAIL_RACES_TRACER_ALONE_H

/* `ringtail-races RING`: traces the process of the ring until it ends or asks for an end, and writes the .races file
 * beside the ring.  All signals are blocked, but for those of faults.  Returns the status to end with. */
int tracer_alone(const char *ring_path);

#endif
