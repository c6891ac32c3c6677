// SPDX-License-Identifier: GPL-2.0-or-later
// Hardware errors that a guest asks for: the verb `inject` (docs/results-format.md section 2).
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

// Where the machine profiles have the IOMMU (its id), and the property that arms errors.
#define INJECT_OBJECT   "iommu"
#define INJECT_PROPERTY "x-inject"

// The property's value that the verb's arguments, "KIND count=N [device=BUS:SLOT.FUNCTION]
// [type=TYPE]", ask for. NULL and a sentence in `text` if they have another form; which kinds and
// types there are, and what goes together, the emulator knows. The caller frees the node.
JsonNode *inject_value(const char *args, GString *text);
