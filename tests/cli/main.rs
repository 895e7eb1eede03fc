//! The program as a user runs it, one topic a file.

mod adaptation;
mod again;
mod cells;
mod eval;
mod export;
mod formats;
mod fragments;
mod golden;
mod hostile;
mod json;
mod killed;
mod orientation;
mod query;
mod refusals;
mod roles;
mod rules;
mod serve;
mod shop;
mod small_commands;
mod table;
mod usage;
mod variants;
mod verify;
