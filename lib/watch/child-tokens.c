/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "watch/child-tokens.h"

typedef struct
{
  guint64 token;
  ChildId *child; /* owned */
  gconstpointer watcher;
} TokenEntry;

static GMutex tokens_lock;
static GHashTable *entries; /* by the address of their token; guarded by tokens_lock */
static guint64 last_token;  /* guarded by tokens_lock */

void
child_tokens_add (ChildId       *child,
                  gconstpointer  watcher)
{
  TokenEntry *entry = g_new (TokenEntry, 1);

  entry->child = child_id_ref (child);
  entry->watcher = watcher;

  g_mutex_lock (&tokens_lock);
  if (entries == NULL)
    entries = g_hash_table_new (g_int64_hash, g_int64_equal);
  entry->token = ++last_token;
  child_id_set_token (child, entry->token);
  g_hash_table_insert (entries, &entry->token, entry);
  g_mutex_unlock (&tokens_lock);
}

ChildId *
child_tokens_steal (guint64 token)
{
  g_autofree TokenEntry *entry = NULL;

  g_mutex_lock (&tokens_lock);
  if (entries != NULL)
    g_hash_table_steal_extended (entries, &token, NULL, (gpointer *) &entry);
  g_mutex_unlock (&tokens_lock);

  return entry != NULL ? entry->child : NULL;
}

ChildId *
child_tokens_dup (guint64 token)
{
  TokenEntry *entry = NULL;
  ChildId *child = NULL;

  g_mutex_lock (&tokens_lock);
  if (entries != NULL)
    entry = g_hash_table_lookup (entries, &token);
  if (entry != NULL)
    child = child_id_ref (entry->child);
  g_mutex_unlock (&tokens_lock);

  return child;
}

ChildId *
child_tokens_find (gconstpointer watcher,
                   gboolean    (*is_like_that) (ChildId *child))
{
  ChildId *found = NULL;
  GHashTableIter iter;
  TokenEntry *entry;

  g_mutex_lock (&tokens_lock);
  if (entries != NULL)
    {
      g_hash_table_iter_init (&iter, entries);
      while (found == NULL && g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
        {
          if (entry->watcher == watcher && is_like_that (entry->child))
            found = child_id_ref (entry->child);
        }
    }
  g_mutex_unlock (&tokens_lock);

  return found;
}
