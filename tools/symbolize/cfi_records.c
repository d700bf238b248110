#include "tools/symbolize/cfi_records.h"

#include <dwarf.h>

size_t cfi_pointer_bytes(uint8_t encoding)
{
	if ((encoding & 0x70) == DW_EH_PE_aligned)
		return 0;
	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return 8;
	case DW_EH_PE_udata4:
	case DW_EH_PE_sdata4:
		return 4;
	default:
		return 0;
	}
}

uint8_t cfi_address_encoding(const Dwarf_CIE *cie)
{
	const uint8_t *at = cie->augmentation_data, *end = at ? at + cie->augmentation_data_size : NULL;
	const char *letter = cie->augmentation;

	if (!letter || *letter != 'z')
		return letter && !*letter ? DW_EH_PE_absptr : DW_EH_PE_omit;
	while (*++letter && at < end) {
		if (*letter == 'R')
			return *at;
		if (*letter == 'P' && cfi_pointer_bytes(*at) && (size_t)(end - at) > cfi_pointer_bytes(*at))
			at += 1 + cfi_pointer_bytes(*at);
		else if (*letter == 'L')
			at++;
		else if (*letter != 'S' && *letter != 'B')
			return DW_EH_PE_omit;
	}
	return DW_EH_PE_absptr;
}
