//! Days as the offices count them: the calendar of Asia/Shanghai.
