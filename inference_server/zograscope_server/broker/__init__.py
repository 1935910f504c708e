"""The part of the server that never imports torch: sockets, jobs, results, worker processes."""
