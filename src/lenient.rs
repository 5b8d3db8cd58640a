//! How the generated types read a response: a struct from an object only, `null` as an empty list, and a number that does
//! not fit as `None`.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};

/// Reads a struct from an object. The derived code alone also takes an array, value by value.
pub struct ObjectOnly<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // A binary format writes a struct without the names of its fields.
        if self.0.is_human_readable() {
            self.0.deserialize_map(visitor)
        } else {
            self.0.deserialize_struct(name, fields, visitor)
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Reads `null` as the default, such as an empty list.
pub fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a number that the type cannot hold as `None`: one number must not make a whole response unreadable.
pub fn unfit_number_as_none<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).ok())
}

#[cfg(test)]
mod tests {
    use crate::types::{ListRolesResponse, ListUsersResponseBody, ResendInviteResponse};

    fn users(json: &str) -> Result<usize, String> {
        serde_json::from_str(json)
            .map(|list: ListUsersResponseBody| list.users.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_struct_is_read_from_an_object_only() {
        for other in ["null", "[]", "[null]", "[1, []]", r#""x""#, "1", r#"{"users": [["u1", "a@example.com"]]}"#] {
            let problem = users(other).expect_err(other);
            assert!(problem.contains("invalid type"), "{other}: {problem}");
        }
        assert!(serde_json::from_str::<ResendInviteResponse>(r#"["message", "id"]"#).is_err());
        assert_eq!(users(r#"{"users": [{}, {"id": "u1", "more": [1]}], "rowCount": 2}"#), Ok(2));
    }

    #[test]
    fn a_missing_or_null_list_is_empty() {
        for empty in ["{}", r#"{"users": null}"#, r#"{"users": [], "rowCount": 0}"#] {
            assert_eq!(users(empty), Ok(0), "{empty}");
        }
        let roles: ListRolesResponse = serde_json::from_str(r#"{"roles": [{"permissions": null}]}"#).expect("roles");
        assert!(roles.roles[0].permissions.is_empty());
        assert!(serde_json::from_str::<ListRolesResponse>(r#"{"roles": "none"}"#).is_err());
    }

    #[test]
    fn a_number_that_does_not_fit_is_none() {
        let row_count = |number: &str| {
            let json = format!(r#"{{"rowCount": {number}, "users": [{{}}]}}"#);
            let list: ListUsersResponseBody = serde_json::from_str(&json).expect("a list");
            (list.row_count, list.users.len())
        };
        assert_eq!(row_count("7"), (Some(7), 1));
        for number in ["123456789012345678901234567890", "1.5", "\"7\"", "null"] {
            assert_eq!(row_count(number), (None, 1), "{number}");
        }
    }
}
