"""What watches by itself: detectors, scans, findings, alerts and their life."""
