/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The errors' domain, and the language of their messages.
 *
 * Thread: ANY.
 */

#include "config.h"

#include <dlfcn.h>
#include <libintl.h>
#include <sys/auxv.h>

#include <proctor/proctor.h>

#ifdef ENABLE_NLS

static void bind_text_domain (void);

/* What has not been installed yet finds the translations in its build folder, whose config.h is
 * never installed. A program with the privileges of somebody else believes nothing but what is
 * compiled in: if the library is linked into it statically, the file's name is its argv[0].
 */
static char *
dup_locale_dir (void)
{
  Dl_info info;
  g_autofree char *folder = NULL;
  g_autofree char *config = NULL;

  if (getauxval (AT_SECURE) != 0 || dladdr ((gpointer) bind_text_domain, &info) == 0 ||
      info.dli_fname == NULL || !g_path_is_absolute (info.dli_fname))
    return g_strdup (PROCTOR_LOCALEDIR);

  folder = g_path_get_dirname (info.dli_fname);
  config = g_build_filename (folder, "..", "config.h", NULL);
  if (!g_file_test (config, G_FILE_TEST_EXISTS))
    return g_strdup (PROCTOR_LOCALEDIR);

  return g_build_filename (folder, "..", "po", NULL);
}

/* When the library is loaded: then no message has to ask whether it is done, no matter in which
 * thread, and the tool, whose messages are in the same domain, has nothing to add. It stands in
 * this file since whatever has a message needs the errors' domain, so a static library cannot lose
 * it.
 */
__attribute__ ((constructor)) static void
bind_text_domain (void)
{
  g_autofree char *locale_dir = dup_locale_dir ();

  bindtextdomain (GETTEXT_PACKAGE, locale_dir);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}

#endif

/**
 * proctor_error_quark:
 *
 * Gives the domain of the library's own errors, which is %PROCTOR_ERROR in C.
 *
 * Thread safety: any thread.
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
/* Not G_DEFINE_QUARK: what that keeps is written by every thread that comes first. */
GQuark
proctor_error_quark (void)
{
  static gsize quark;

  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_quark_from_static_string ("proctor-error-quark"));

  return (GQuark) quark;
}
