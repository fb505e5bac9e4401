// SPDX-License-Identifier: LGPL-2.1-or-later

// Where a reader's browser finds what the documentation links to in other libraries.
baseURLs = [
  [ 'GLib', 'https://docs.gtk.org/glib/' ],
  [ 'GObject', 'https://docs.gtk.org/gobject/' ],
  [ 'Gio', 'https://docs.gtk.org/gio/' ],
]
