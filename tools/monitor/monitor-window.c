/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "monitor-window.h"

#include <glib/gi18n.h>

#include "monitor-job-page.h"
#include "monitor-job-row.h"

struct _MonitorWindow
{
  AdwApplicationWindow parent_instance;

  GListStore *jobs; /* of MonitorJob, the newest first */
  GtkSingleSelection *selection;
  MonitorJob *shown; /* or NULL */
  guint seconds;     /* the timer */
  gboolean sampling;
  gboolean may_close;

  AdwToastOverlay *toasts;
  AdwLeaflet *leaflet;
  AdwWindowTitle *job_title;
  GtkEntry *command;
  GtkListView *list;
  GtkStack *stack;
  GtkWidget *empty;
  MonitorJobPage *page;
  GtkWidget *again_button;
  GtkWidget *suspend_button;
  GtkWidget *resume_button;
  GtkWidget *stop_button;
  GtkWidget *kill_button;
};

G_DEFINE_FINAL_TYPE (MonitorWindow, monitor_window, ADW_TYPE_APPLICATION_WINDOW)

/* ---- actions */

static guint
count_alive (MonitorWindow *self)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr(MonitorJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      n += monitor_job_is_alive (job);
    }
  return n;
}

/* A button is there only while it can be pressed. */
static void
enable (MonitorWindow *self,
        const char    *action,
        GtkWidget     *button,
        gboolean       enabled)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), action, enabled);
  if (button != NULL)
    gtk_widget_set_visible (button, enabled);
}

static void
update_actions (MonitorWindow *self)
{
  gboolean alive = self->shown != NULL && monitor_job_is_alive (self->shown);
  gboolean running = alive && monitor_job_is_running (self->shown);
  MonitorJobState state =
    self->shown != NULL ? monitor_job_get_state (self->shown) : MONITOR_JOB_STARTING;
  g_autofree char *typed =
    g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->command))));

  enable (self, "win.run", NULL, *typed != '\0');
  enable (self, "win.run-again", self->again_button, self->shown != NULL && !alive);
  enable (self, "win.suspend", self->suspend_button, running && state == MONITOR_JOB_RUNNING);
  enable (self, "win.resume", self->resume_button, running && state == MONITOR_JOB_SUSPENDED);
  enable (self, "win.stop", self->stop_button, alive && state != MONITOR_JOB_STOPPING);
  enable (self, "win.kill", self->kill_button, alive);
  enable (self, "win.find", NULL, self->shown != NULL);
  enable (self, "win.clear-finished", NULL,
          g_list_model_get_n_items (G_LIST_MODEL (self->jobs)) > count_alive (self));
}

static void
run_cb (MonitorWindow *self)
{
  g_autofree char *typed =
    g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->command))));

  if (*typed == '\0')
    return;
  gtk_editable_set_text (GTK_EDITABLE (self->command), "");
  monitor_window_run (self, typed, NULL);
}

static void
run_action (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  run_cb (MONITOR_WINDOW (widget));
}

/* What acts on the job that is shown is only enabled where there is one. */
static void
job_action (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  static const struct
  {
    const char *name;
    void (*act) (MonitorJob *job);
  } actions[] = {
    { "win.run-again", monitor_job_start }, { "win.suspend", monitor_job_suspend },
    { "win.resume", monitor_job_resume },   { "win.stop", monitor_job_stop },
    { "win.kill", monitor_job_kill },
  };
  MonitorWindow *self = MONITOR_WINDOW (widget);

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (name, actions[i].name))
      actions[i].act (self->shown);
}

static void
find_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  monitor_job_page_start_search (MONITOR_WINDOW (widget)->page);
}

static void
back_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  adw_leaflet_navigate (MONITOR_WINDOW (widget)->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void
focus_command_action (GtkWidget  *widget,
                      const char *name,
                      GVariant   *parameter)
{
  MonitorWindow *self = MONITOR_WINDOW (widget);

  adw_leaflet_set_visible_child_name (self->leaflet, "list");
  gtk_widget_grab_focus (GTK_WIDGET (self->command));
}

static void
clear_finished_action (GtkWidget  *widget,
                       const char *name,
                       GVariant   *parameter)
{
  MonitorWindow *self = MONITOR_WINDOW (widget);

  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i-- > 0;)
    {
      g_autoptr(MonitorJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (!monitor_job_is_alive (job))
        g_list_store_remove (self->jobs, i);
    }
}

/* ---- the list */

static void
show_selected (MonitorWindow *self)
{
  MonitorJob *job = gtk_single_selection_get_selected_item (self->selection);

  if (self->shown != job)
    {
      g_set_object (&self->shown, job);
      monitor_job_page_set_job (self->page, job);
      adw_window_title_set_title (self->job_title,
                                  job != NULL ? monitor_job_get_command_line (job) : "");
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->job_title),
                                   job != NULL ? monitor_job_get_command_line (job) : NULL);
      gtk_stack_set_visible_child (self->stack,
                                   job != NULL ? GTK_WIDGET (self->page) : self->empty);
    }
  update_actions (self);
}

static void
activated_cb (MonitorWindow *self,
              guint          position)
{
  adw_leaflet_set_visible_child_name (self->leaflet, "job");
}

static void
setup_row_cb (GtkSignalListItemFactory *factory,
              GtkListItem              *item)
{
  gtk_list_item_set_child (item, g_object_new (MONITOR_TYPE_JOB_ROW, NULL));
}

static void
bind_row_cb (GtkSignalListItemFactory *factory,
             GtkListItem              *item)
{
  monitor_job_row_set_job (MONITOR_JOB_ROW (gtk_list_item_get_child (item)),
                           gtk_list_item_get_item (item));
}

static void
unbind_row_cb (GtkSignalListItemFactory *factory,
               GtkListItem              *item)
{
  monitor_job_row_set_job (MONITOR_JOB_ROW (gtk_list_item_get_child (item)), NULL);
}

static void
problem_cb (MonitorWindow *self,
            const char    *message)
{
  AdwToast *toast = adw_toast_new (message);

  adw_toast_overlay_add_toast (self->toasts, toast);
}

MonitorJob *
monitor_window_run (MonitorWindow *self,
                    const char    *command_line,
                    const char    *cwd)
{
  g_autoptr(MonitorJob) job = monitor_job_new (command_line, cwd);

  g_signal_connect_object (job, "problem", G_CALLBACK (problem_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (job, "notify::status", G_CALLBACK (update_actions), self,
                           G_CONNECT_SWAPPED);
  g_list_store_insert (self->jobs, 0, job);
  gtk_single_selection_set_selected (self->selection, 0);
  adw_leaflet_set_visible_child_name (self->leaflet, "job");
  monitor_job_start (job);
  return job;
}

GListModel *
monitor_window_get_jobs (MonitorWindow *self)
{
  return G_LIST_MODEL (self->jobs);
}

/* ---- once a second */

/* Jobs and processes that belong together, while a thread looks at the latter. */
typedef struct
{
  MonitorWindow *window;
  GPtrArray *jobs;
  GPtrArray *processes;
} Sampling;

static void
sampled_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  Sampling *sampling = data;
  g_autoptr(GPtrArray) usages = monitor_usage_read_finish (result);

  for (guint i = 0; i < sampling->jobs->len; i++)
    {
      MonitorJob *job = sampling->jobs->pdata[i];

      /* It may have been run again meanwhile. */
      if (monitor_job_get_process (job) == sampling->processes->pdata[i])
        monitor_job_end_second (job, g_steal_pointer (&usages->pdata[i]));
    }
  sampling->window->sampling = FALSE;
  g_object_unref (sampling->window);
  g_ptr_array_unref (sampling->jobs);
  g_ptr_array_unref (sampling->processes);
  g_free (sampling);
}

static gboolean
second_cb (gpointer data)
{
  MonitorWindow *self = data;
  Sampling *sampling;

  /* A system that is too slow for one a second gets fewer. */
  if (self->sampling)
    return G_SOURCE_CONTINUE;

  self->sampling = TRUE;
  sampling = g_new0 (Sampling, 1);
  sampling->window = g_object_ref (self);
  sampling->jobs = g_ptr_array_new_with_free_func (g_object_unref);
  sampling->processes = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr(MonitorJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (!monitor_job_wants_usage (job))
        {
          monitor_job_end_second (job, NULL);
          continue;
        }
      g_ptr_array_add (sampling->processes, g_object_ref (monitor_job_get_process (job)));
      g_ptr_array_add (sampling->jobs, g_steal_pointer (&job));
    }
  monitor_usage_read_async (sampling->processes, sampled_cb, sampling);
  return G_SOURCE_CONTINUE;
}

/* ---- the end */

static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr(MonitorWindow) self = data;
  g_autoptr(GError) error = NULL;

  if (!proctor_shutdown_finish (result, &error))
    g_warning ("The commands could not be stopped: %s", error->message);
  self->may_close = TRUE;
  gtk_window_close (GTK_WINDOW (self));
}

void
monitor_window_stop_and_close (MonitorWindow *self)
{
  /* Each with what it has left behind, and seen to be stopping. The rest waits for that. */
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr(MonitorJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      monitor_job_stop (job);
    }
  proctor_shutdown_async (PROCTOR_SHUTDOWN_STOP, NULL, shut_down_cb, g_object_ref (self));
}

static void
close_response_cb (MonitorWindow *self,
                   const char    *response)
{
  if (g_str_equal (response, "stop"))
    monitor_window_stop_and_close (self);
}

static gboolean
monitor_window_close_request (GtkWindow *window)
{
  MonitorWindow *self = MONITOR_WINDOW (window);
  guint alive = count_alive (self);
  GtkWidget *dialog;

  if (self->may_close || alive == 0)
    return GTK_WINDOW_CLASS (monitor_window_parent_class)->close_request (window);

  dialog = adw_message_dialog_new (window, NULL, NULL);
  adw_message_dialog_format_heading (
    ADW_MESSAGE_DIALOG (dialog),
    ngettext ("Stop %u Running Command?", "Stop %u Running Commands?", alive), alive);
  adw_message_dialog_set_body (ADW_MESSAGE_DIALOG (dialog),
                               _("They end when this window is closed."));
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _("_Cancel"), "stop",
                                    _("_Stop and Close"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "stop",
                                              ADW_RESPONSE_DESTRUCTIVE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (close_response_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
  return TRUE;
}

static void
monitor_window_dispose (GObject *object)
{
  MonitorWindow *self = MONITOR_WINDOW (object);

  g_clear_handle_id (&self->seconds, g_source_remove);
  g_clear_object (&self->shown);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  g_clear_object (&self->selection);
  g_clear_object (&self->jobs);

  G_OBJECT_CLASS (monitor_window_parent_class)->dispose (object);
}

static void
monitor_window_class_init (MonitorWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = monitor_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = monitor_window_close_request;

  g_type_ensure (MONITOR_TYPE_JOB_PAGE);
  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/proctor/Monitor/monitor-window.ui");
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, job_title);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, command);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, list);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, empty);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, page);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, again_button);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, suspend_button);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, resume_button);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, stop_button);
  gtk_widget_class_bind_template_child (widget_class, MonitorWindow, kill_button);
  gtk_widget_class_bind_template_callback (widget_class, run_cb);
  gtk_widget_class_bind_template_callback (widget_class, update_actions);
  gtk_widget_class_bind_template_callback (widget_class, activated_cb);

  gtk_widget_class_install_action (widget_class, "win.run", NULL, run_action);
  gtk_widget_class_install_action (widget_class, "win.run-again", NULL, job_action);
  gtk_widget_class_install_action (widget_class, "win.suspend", NULL, job_action);
  gtk_widget_class_install_action (widget_class, "win.resume", NULL, job_action);
  gtk_widget_class_install_action (widget_class, "win.stop", NULL, job_action);
  gtk_widget_class_install_action (widget_class, "win.kill", NULL, job_action);
  gtk_widget_class_install_action (widget_class, "win.find", NULL, find_action);
  gtk_widget_class_install_action (widget_class, "win.back", NULL, back_action);
  gtk_widget_class_install_action (widget_class, "win.focus-command", NULL, focus_command_action);
  gtk_widget_class_install_action (widget_class, "win.clear-finished", NULL,
                                   clear_finished_action);
}

static void
monitor_window_init (MonitorWindow *self)
{
  g_autoptr(GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));

  self->jobs = g_list_store_new (MONITOR_TYPE_JOB);
  self->selection = gtk_single_selection_new (G_LIST_MODEL (g_object_ref (self->jobs)));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row_cb), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row_cb), NULL);
  gtk_list_view_set_factory (self->list, factory);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_swapped (self->selection, "notify::selected-item", G_CALLBACK (show_selected),
                            self);
  self->seconds = g_timeout_add_seconds (1, second_cb, self);
  show_selected (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->command));
}

MonitorWindow *
monitor_window_new (GtkApplication *application)
{
  return g_object_new (MONITOR_TYPE_WINDOW, "application", application, NULL);
}
