"""From what people write to what they mean. Pure: text in, data out."""
