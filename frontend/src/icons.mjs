// Outline icons of @tabler/icons that go into the sprite, by the name templates use.
export const ICONS = [
  "alert-circle", "alert-triangle", "arrow-back-up", "arrow-bar-to-down", "arrows-diff", "arrows-maximize", "barrier-block",
  "bell", "building", "calendar", "calendar-due", "chart-histogram", "check", "checklist", "checks", "chevron-down",
  "chevron-left", "chevron-right", "chevron-up", "circle-plus", "clipboard", "clipboard-check", "clock", "clock-exclamation",
  "cloud-check", "cloud-off", "cloud-upload", "columns-3", "copy", "dots", "download", "eye", "file-alert", "file-certificate",
  "file-download", "file-import", "file-spreadsheet", "file-text", "filter", "help-circle", "history", "home", "info-circle",
  "key", "keyboard", "language", "layout-grid", "link", "list", "lock", "lock-open", "logout", "map", "message", "minus",
  "package", "paperclip", "pencil", "player-stop", "plug", "plus", "printer", "refresh", "replace", "row-insert-bottom",
  "row-remove", "search", "search-off", "send", "server", "settings", "shield-check", "shield-lock", "table", "table-plus",
  "trash", "upload", "user-circle", "user-off", "user-x", "users", "versions", "x",
];
