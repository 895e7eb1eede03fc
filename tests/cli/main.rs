//! The program as a user runs it, one topic a file.

mod adaptation;
mod again;
mod cells;
mod eval;
mod export;
mod feeds;
mod fetch;
mod folders;
mod formats;
mod fragments;
mod golden;
mod hostile;
mod json;
mod killed;
mod orientation;
mod photo_server;
mod query;
mod refusals;
mod rules;
mod serve;
mod shop;
mod small_commands;
mod table;
mod usage;
mod variants;
mod verify;
