/* SPDX-License-Identifier: MIT */
/*
 * Documents: outgoing and incoming registers, legal documents and their review, news.
 *
 * Read in this order: proto/cchc/documents.proto, schema.c, methods.c.
 */
#pragma once

#include "cchc/documents.pb-c.h"
#include "common/service/service.h"

extern const struct service_plan documents_plan;
extern const struct schema documents_schema;

extern const struct register_type documents_register;
extern const struct register_type legal_documents_register;
extern const struct register_type news_register;
