"""Graph kernels on int32 ids."""
