int c10_is_loaded(void) { return 1; }
