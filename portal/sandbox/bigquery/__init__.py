"""A stand-in for BigQuery that holds Google's detailed billing export."""
