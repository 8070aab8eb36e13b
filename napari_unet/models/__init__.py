"""The U-Net, the model file, the pretrained weights that ship, and the choice of device."""
