//! What is refused in any column.
