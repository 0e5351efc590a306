//! stub
mod yaml;
