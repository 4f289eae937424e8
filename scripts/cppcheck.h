/* SPDX-License-Identifier: Apache-2.0 */
/* Macros of libraries whose headers scripts/cppcheck does not read, as far as it need know them. */
#define HASH_ITER(hh, head, e, next)	   for ((e) = (head); (e); (e) = (next))
#define json_array_foreach(a, i, o)	   for ((i) = 0; (o) = json_array_get(a, i); (i)++)
#define json_object_foreach(a, k, o)	   while ((o) = json_next(a, &(k)))
#define LIBBPF_OPTS(type, name, ...)	   struct type name = {__VA_ARGS__}
#define bpf_object__for_each_map(m, o)	   while ((m) = next_of(o))
#define bpf_object__for_each_program(m, o) while ((m) = next_of(o))
#define LL_FOREACH(head, e)		   for ((e) = (head); (e); (e) = (e)->next)
#define LL_FOREACH_SAFE(head, e, next)	   for ((e) = (head); (e); (e) = (next))
#define DL_FOREACH(head, e)		   for ((e) = (head); (e); (e) = (e)->next)
#define DL_FOREACH_SAFE(head, e, next)	   for ((e) = (head); (e); (e) = (next))
#define SEC(name)
