from gtsfm.runner.gtsfm_runner_base import GtsfmRunnerBase, Part


class GtsfmRunnerColmapLoader(GtsfmRunnerBase):
    def __init__(self):
        super().__init__(tag="GTSFM with intrinsics and image names stored in COLMAP-format")

    def construct_argparser(self):
        parser = super().construct_argparser()
        parser.add_argument("--images_dir", type=str, required=True)
        parser.add_argument("--colmap_files_dirpath", type=str, required=True)
        return parser

    def construct_loader(self):
        return Part()


if __name__ == "__main__":
    GtsfmRunnerColmapLoader().run()
