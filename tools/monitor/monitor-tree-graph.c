/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. A row for each process, its parent above it and to the left. */

#include "config.h"

#include "monitor-tree-graph.h"

#include <glib/gi18n.h>

#define ROW_HEIGHT 44
#define INDENT 36
#define BOX_WIDTH 220
#define BOX_HEIGHT 32
#define MARGIN 12

typedef struct
{
  guint row_of_parent; /* its own at depth 0 */
  guint depth;
  PangoLayout *layout;
} Node;

struct _MonitorTreeGraph
{
  GtkWidget parent_instance;

  MonitorJob *job;
  GArray *nodes; /* of Node, in the order of their rows */
};

G_DEFINE_FINAL_TYPE (MonitorTreeGraph, monitor_tree_graph, GTK_TYPE_WIDGET)

static void
node_clear (gpointer data)
{
  g_clear_object (&((Node *) data)->layout);
}

static void
add_node (MonitorTreeGraph        *self,
          const MonitorUsageEntry *entry,
          guint                    row_of_parent,
          guint                    depth)
{
  g_autofree char *memory = g_format_size_full (entry->memory, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *text = g_strdup_printf ("%s · %d · %s", entry->name, (int) entry->pid, memory);
  Node node = { .row_of_parent = row_of_parent, .depth = depth };

  node.layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  pango_layout_set_width (node.layout, (BOX_WIDTH - 2 * MARGIN) * PANGO_SCALE);
  pango_layout_set_ellipsize (node.layout, PANGO_ELLIPSIZE_MIDDLE);
  g_array_append_val (self->nodes, node);
}

/* Those of @left that are children of @parent, each followed by its own; they are taken out. */
static void
add_children (MonitorTreeGraph *self,
              GPtrArray        *left,
              GPid              parent,
              guint             row,
              guint             depth)
{
  for (guint i = 0; i < left->len;)
    {
      const MonitorUsageEntry *child = left->pdata[i];

      if (child->parent != parent)
        {
          i++;
          continue;
        }
      g_ptr_array_remove_index (left, i);
      add_node (self, child, row, depth);
      add_children (self, left, child->pid, self->nodes->len - 1, depth + 1);
      i = 0;
    }
}

static gboolean
is_among (GPtrArray *entries,
          GPid       pid)
{
  for (guint i = 0; i < entries->len; i++)
    if (((MonitorUsageEntry *) entries->pdata[i])->pid == pid)
      return TRUE;
  return FALSE;
}

static int
compare_pids (gconstpointer a,
              gconstpointer b)
{
  const MonitorUsageEntry *one = *(MonitorUsageEntry *const *) a;
  const MonitorUsageEntry *other = *(MonitorUsageEntry *const *) b;

  return (one->pid > other->pid) - (one->pid < other->pid);
}

/* A tree for each whose parent is not among them: the command's own process, and those that have
 * lost theirs.
 */
static void
add_tree (MonitorTreeGraph *self,
          GPtrArray        *entries)
{
  g_autoptr(GPtrArray) left = g_ptr_array_new ();

  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add (left, entries->pdata[i]);
  g_ptr_array_sort (left, compare_pids);

  while (left->len > 0)
    {
      guint i = 0;
      MonitorUsageEntry *top;
      guint row = self->nodes->len;

      while (i + 1 < left->len &&
             is_among (left, ((MonitorUsageEntry *) left->pdata[i])->parent))
        i++;
      top = g_ptr_array_remove_index (left, i);
      add_node (self, top, row, 0);
      add_children (self, left, top->pid, row, 1);
    }
}

static void
update (MonitorTreeGraph *self)
{
  MonitorUsage *usage = self->job != NULL ? monitor_job_get_usage (self->job) : NULL;
  g_autofree char *text = NULL;

  g_array_set_size (self->nodes, 0);
  if (usage != NULL)
    add_tree (self, usage->entries);

  text = g_strdup_printf (ngettext ("%u process", "%u processes", self->nodes->len),
                          self->nodes->len);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
monitor_tree_graph_set_job (MonitorTreeGraph *self,
                            MonitorJob       *job)
{
  if (self->job != NULL)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_set_object (&self->job, job);
  if (job != NULL)
    {
      g_signal_connect_swapped (job, "second", G_CALLBACK (update), self);
      g_signal_connect_swapped (job, "notify::status", G_CALLBACK (update), self);
    }
  update (self);
}

guint
monitor_tree_graph_get_n_processes (MonitorTreeGraph *self)
{
  return self->nodes->len;
}

static void
monitor_tree_graph_measure (GtkWidget      *widget,
                            GtkOrientation  orientation,
                            int             for_size,
                            int            *minimum,
                            int            *natural,
                            int            *minimum_baseline,
                            int            *natural_baseline)
{
  MonitorTreeGraph *self = MONITOR_TREE_GRAPH (widget);
  guint depth = 0;

  for (guint i = 0; i < self->nodes->len; i++)
    depth = MAX (depth, g_array_index (self->nodes, Node, i).depth);
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL
                          ? (int) depth * INDENT + BOX_WIDTH + 2 * MARGIN
                          : (int) self->nodes->len * ROW_HEIGHT + 2 * MARGIN;
}

static graphene_rect_t
box_of (const Node *node,
        guint       row)
{
  return GRAPHENE_RECT_INIT (MARGIN + (float) (node->depth * INDENT),
                             MARGIN + (float) (row * ROW_HEIGHT), BOX_WIDTH, BOX_HEIGHT);
}

static void
draw_node (MonitorTreeGraph *self,
           GtkSnapshot      *snapshot,
           guint             row,
           const GdkRGBA    *color)
{
  const Node *node = &g_array_index (self->nodes, Node, row);
  const Node *parent = &g_array_index (self->nodes, Node, node->row_of_parent);
  graphene_rect_t box = box_of (node, row);
  graphene_rect_t above = box_of (parent, node->row_of_parent);
  GdkRGBA line = *color;
  GskRoundedRect outline;
  int height;

  line.alpha *= 0.4f;
  if (node->depth > 0)
    {
      float x = above.origin.x + INDENT / 2;
      float top = above.origin.y + BOX_HEIGHT;
      float middle = box.origin.y + BOX_HEIGHT / 2;

      gtk_snapshot_append_color (snapshot, &line, &GRAPHENE_RECT_INIT (x, top, 1, middle - top));
      gtk_snapshot_append_color (snapshot, &line,
                                 &GRAPHENE_RECT_INIT (x, middle, box.origin.x - x, 1));
    }

  gsk_rounded_rect_init_from_rect (&outline, &box, 8);
  gtk_snapshot_append_border (snapshot, &outline, (float[]){ 1, 1, 1, 1 },
                              (GdkRGBA[]){ line, line, line, line });
  pango_layout_get_pixel_size (node->layout, NULL, &height);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT (box.origin.x + MARGIN,
                                                box.origin.y + (float) (BOX_HEIGHT - height) / 2));
  gtk_snapshot_append_layout (snapshot, node->layout, color);
  gtk_snapshot_restore (snapshot);
}

static void
monitor_tree_graph_snapshot (GtkWidget   *widget,
                             GtkSnapshot *snapshot)
{
  MonitorTreeGraph *self = MONITOR_TREE_GRAPH (widget);
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  for (guint row = 0; row < self->nodes->len; row++)
    draw_node (self, snapshot, row, &color);
}

static void
monitor_tree_graph_dispose (GObject *object)
{
  MonitorTreeGraph *self = MONITOR_TREE_GRAPH (object);

  if (self->job != NULL)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_clear_object (&self->job);
  g_clear_pointer (&self->nodes, g_array_unref);

  G_OBJECT_CLASS (monitor_tree_graph_parent_class)->dispose (object);
}

static void
monitor_tree_graph_class_init (MonitorTreeGraphClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = monitor_tree_graph_dispose;
  widget_class->measure = monitor_tree_graph_measure;
  widget_class->snapshot = monitor_tree_graph_snapshot;
  gtk_widget_class_set_css_name (widget_class, "treegraph");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
monitor_tree_graph_init (MonitorTreeGraph *self)
{
  self->nodes = g_array_new (FALSE, TRUE, sizeof (Node));
  g_array_set_clear_func (self->nodes, node_clear);
}
