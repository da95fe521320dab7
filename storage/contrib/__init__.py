"""What connects storage to other people's Django projects."""
