//! The element and the shop in headless Chromium, driven over WebDriver, served as a shop would serve them.
//!
//! One Chromium a test and one test at a time: what is timed here should not share the processor. `CHROMEDRIVER` and
//! `CHROMIUM` say which programs to use; without them the `PATH` does.

mod chromium;
mod damaged;
mod element;
mod face;
mod parity;
mod parts;
mod photo;
mod privacy;
mod shop;
mod shop_server;
