"""What the tasks do. A module of the checkout: every host must have the same."""
import os
import socket


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    return {"name": os.path.basename(path), "texture": len(content), "read_on": socket.gethostname()}


def features(image):
    return {**image, "features_on": socket.gethostname()}


def export(folder, found):
    os.makedirs(folder)
    with open(os.path.join(folder, "cameras.txt"), "w") as file:
        file.write("# Camera list\n")
        file.writelines(f"{at} SIMPLE_RADIAL 640 480 500 320 240 0\n" for at in range(len(found)))
    with open(os.path.join(folder, "images.txt"), "w") as file:
        file.write("# Image list\n# Number of images: 99\n")
        for at, image in enumerate(found):
            file.write(f"{at} 1 0 0 0 {at} 0 0 {at} {image['name']}\n")
            file.write("" if at else " 1.0 2.0 0 3.0 4.0 1")
            file.write("\n")
    with open(os.path.join(folder, "points3D.txt"), "w") as file:
        file.write("# Points\n0 0 0 1 255 0 0 0.5 0 0 1 0\n1 0 1 1 255 0 0 0.5 0 1 1 1\n")
    with open(os.path.join(folder, "where.txt"), "w") as file:
        file.write(f"{socket.gethostname()} {' '.join(sorted({image['read_on'] for image in found}))} {' '.join(sorted({image['features_on'] for image in found}))}\n")
