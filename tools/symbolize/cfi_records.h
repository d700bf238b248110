/* How the records of .eh_frame have the addresses of their functions. */
#ifndef RINGTAIL_SYMBOLIZE_CFI_RECORDS_H
#define RINGTAIL_SYMBOLIZE_CFI_RECORDS_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a pointer with this encoding (DW_EH_PE_...); 0: it has no fixed size. */
size_t cfi_pointer_bytes(uint8_t encoding);
/* The encoding of addresses in the records that belong to this one; DW_EH_PE_omit: not known. */
uint8_t cfi_address_encoding(const Dwarf_CIE *cie);

#endif
