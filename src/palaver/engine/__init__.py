"""What core wants is done here: runs are carried out, logged, followed and cancelled."""
