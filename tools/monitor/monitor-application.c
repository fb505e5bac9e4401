/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "monitor-application.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "monitor-window.h"

struct _MonitorApplication
{
  AdwApplication parent_instance;
};

G_DEFINE_FINAL_TYPE (MonitorApplication, monitor_application, ADW_TYPE_APPLICATION)

/* The one that is no dialog; or NULL. */
static GtkWindow *
get_window (gpointer application)
{
  for (GList *l = gtk_application_get_windows (application); l != NULL; l = l->next)
    if (MONITOR_IS_WINDOW (l->data))
      return l->data;
  return NULL;
}

static void
about_action (GSimpleAction *action,
              GVariant      *parameter,
              gpointer       data)
{
  adw_show_about_window (get_window (data), "application-name",
                         _("Process Monitor"), "application-icon", MONITOR_APPLICATION_ID,
                         "version", PROCTOR_VERSION, "developer-name", _("The Proctor authors"),
                         "comments", _("Runs commands and watches them"), "license-type",
                         GTK_LICENSE_LGPL_2_1,
                         /* Translators: put your names here, one a line */
                         "translator-credits", _("translator-credits"), NULL);
}

static void
dark_action (GSimpleAction *action,
             GVariant      *state,
             gpointer       data)
{
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      g_variant_get_boolean (state)
                                        ? ADW_COLOR_SCHEME_FORCE_DARK
                                        : ADW_COLOR_SCHEME_DEFAULT);
  g_simple_action_set_state (action, state);
}

static void
quit_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       data)
{
  GtkWindow *window = get_window (data);

  /* It asks when commands still run. */
  if (window != NULL)
    gtk_window_close (window);
}

/* The end by a signal. A second one does not ask. */
static gboolean
signal_cb (gpointer application)
{
  GtkWindow *window = get_window (application);

  if (window != NULL)
    monitor_window_stop_and_close (MONITOR_WINDOW (window));
  return G_SOURCE_REMOVE;
}

static void
monitor_application_startup (GApplication *application)
{
  static const GActionEntry actions[] = {
    { .name = "about", .activate = about_action },
    { .name = "dark", .state = "false", .change_state = dark_action },
    { .name = "quit", .activate = quit_action },
  };
  static const struct
  {
    const char *action;
    const char *accels[3];
  } accels[] = {
    { "app.quit", { "<Control>q" } },
    { "win.focus-command", { "<Control>l" } },
    { "win.run-again", { "<Control>r" } },
    { "win.stop", { "<Control>period" } },
    { "win.kill", { "<Control><Shift>k" } },
    { "win.suspend", { "<Control>p" } },
    { "win.resume", { "<Control><Shift>p" } },
    { "win.find", { "<Control>f" } },
    { "win.back", { "<Alt>Left", "Back" } },
    { "win.clear-finished", { "<Control><Shift>Delete" } },
  };

  G_APPLICATION_CLASS (monitor_application_parent_class)->startup (application);

  g_unix_signal_add (SIGINT, signal_cb, application);
  g_unix_signal_add (SIGTERM, signal_cb, application);
  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions),
                                   application);
  for (gsize i = 0; i < G_N_ELEMENTS (accels); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (application), accels[i].action,
                                           (const char *const *) accels[i].accels);
}

static void
monitor_application_activate (GApplication *application)
{
  GtkWindow *window = get_window (application);

  if (window == NULL)
    window = GTK_WINDOW (monitor_window_new (GTK_APPLICATION (application)));
  gtk_window_present (window);
}

/* Each argument is a command to run, in the folder where this was called. */
static int
monitor_application_command_line (GApplication            *application,
                                  GApplicationCommandLine *command_line)
{
  g_auto(GStrv) argv = g_application_command_line_get_arguments (command_line, NULL);
  const char *cwd = g_application_command_line_get_cwd (command_line);

  g_application_activate (application);
  for (guint i = 1; argv[i] != NULL; i++)
    monitor_window_run (MONITOR_WINDOW (get_window (application)), argv[i], cwd);
  return 0;
}

static int
monitor_application_handle_local_options (GApplication *application,
                                          GVariantDict *options)
{
  if (!g_variant_dict_contains (options, "version"))
    return -1;

  g_print ("proctor-monitor %s\n", PROCTOR_VERSION);
  return 0;
}

static void
monitor_application_class_init (MonitorApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->startup = monitor_application_startup;
  application_class->activate = monitor_application_activate;
  application_class->command_line = monitor_application_command_line;
  application_class->handle_local_options = monitor_application_handle_local_options;
}

static void
monitor_application_init (MonitorApplication *self)
{
  g_application_add_main_option (G_APPLICATION (self), "version", 0, G_OPTION_FLAG_NONE,
                                 G_OPTION_ARG_NONE, _("Show the version"), NULL);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _("[COMMAND…]"));
  g_application_set_option_context_summary (G_APPLICATION (self),
                                            _("Runs commands and watches them."));
}

MonitorApplication *
monitor_application_new (void)
{
  return g_object_new (MONITOR_TYPE_APPLICATION, "application-id", MONITOR_APPLICATION_ID, "flags",
                       G_APPLICATION_HANDLES_COMMAND_LINE, "resource-base-path",
                       "/io/github/proctor/Monitor", NULL);
}
