"""What has to be done now and then: partitions, retention, tidying away."""
