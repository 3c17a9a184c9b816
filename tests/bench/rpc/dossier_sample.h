/* SPDX-License-Identifier: MIT */
/* The message that every contender echoes: a dossier of 195 packed bytes. */
#pragma once

#include "cchc/dossiers.pb-c.h"

/* Its texts are constants. */
void dossier_sample(Dossier *ret_dossier);
