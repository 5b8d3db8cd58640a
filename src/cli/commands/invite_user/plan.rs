//! What is to be done for each person: invite, send the invite again, or nothing because of who is there already.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::bulk::{Item, Plan};
use crate::cli::error::CliError;
use crate::cli::lookup;
use crate::cli::output::in_local_time;
use crate::client::{CallResponse, UserId, excerpt};
use crate::types::{InviteUserRequest, ListUsersResponseBody, UserListItem, UserListItemStatus as Status};
