// Purpose: Add the relationships of a frame to one type between two labels.
// Places: type, path, start_label, end_label (literals)
// Returns: nothing
// Index: the keys of both labels
COPY {{type}} FROM {{path}} (from={{start_label}}, to={{end_label}})
