namespace Muster.Node.Engines;

/// <summary>Where ODM is: how its Python is called, and how it is run on a project.</summary>
internal abstract record OdmHome
{
    public abstract string Where { get; }

    /// <summary>The command that runs a script from standard input with ODM's Python.</summary>
    public abstract EngineCommand Python();

    public abstract EngineCommand Command(EngineWork work);

    /// <summary>Ends what is left of a task elsewhere than in its processes.</summary>
    public virtual Task CleanAsync(EngineWork work) => Task.CompletedTask;

    /// <param name="seenAs">Where the folder of all projects is, for ODM.</param>
    protected static IEnumerable<string> Words(EngineWork work, string seenAs)
    {
        var here = Path.GetDirectoryName(work.Folder)!;
        string Seen(string path) => seenAs + path[here.Length..];
        return
        [
            .. OptionWords.Of(work.Options),
            "--project-path",
            seenAs,
            .. ControlFiles
                .In(Path.Combine(work.Folder, "gcp"))
                .SelectMany(file => new[] { file.Flag, Seen(file.Path) }),
            work.Uuid,
        ];
    }

    protected static IReadOnlyDictionary<string, string> Quiet { get; } =
        new Dictionary<string, string> { ["ODM_NONINTERACTIVE"] = "1" };

    /// <summary>A folder with <c>run.sh</c>.</summary>
    public sealed record Local(string Folder) : OdmHome
    {
        public override string Where => Folder;

        public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, "run.sh"));

        public override EngineCommand Python()
        {
            var own = Path.Combine(Folder, "venv", "bin", "python3");
            return new(
                [File.Exists(own) ? own : Programs.Find("python3") ?? Programs.Find("python") ?? "python3", "-"],
                Folder
            )
            {
                Environment = new Dictionary<string, string> { ["ODM_PATH"] = Folder },
            };
        }

        public override EngineCommand Command(EngineWork work) =>
            new([Path.Combine(Folder, "run.sh"), .. Words(work, Path.GetDirectoryName(work.Folder)!)], Folder)
            {
                Environment = Quiet,
            };
    }

    /// <summary>An image, run by <paramref name="Runtime"/>: apptainer, singularity, podman or docker.</summary>
    public sealed record Image(string Reference, string Runtime) : OdmHome
    {
        private const string Code = "/code";
        private const string Projects = "/muster/projects";

        /// <summary>This node's run was given some.</summary>
        public bool HasGpus { get; init; } =
            Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") is { Length: > 0 };

        public override string Where => $"{Reference} by {Path.GetFileName(Runtime)}";

        private bool IsApptainer => Path.GetFileName(Runtime) is "apptainer" or "singularity";

        public override EngineCommand Python() =>
            new(
                IsApptainer
                    ? [Runtime, "exec", "--env", $"ODM_PATH={Code}", "--pwd", Code, Source, "python3", "-"]
                    :
                    [
                        Runtime,
                        "run",
                        "--rm",
                        "-i",
                        "-e",
                        $"ODM_PATH={Code}",
                        "-w",
                        Code,
                        "--entrypoint",
                        "python3",
                        Reference,
                        "-",
                    ],
                "/"
            );

        public override EngineCommand Command(EngineWork work)
        {
            var data = Path.GetDirectoryName(work.Folder)!;
            return new(
                IsApptainer
                    ?
                    [
                        Runtime,
                        "exec",
                        .. HasGpus ? ["--nv"] : Array.Empty<string>(),
                        "--bind",
                        $"{data}:{Projects}",
                        "--env",
                        "ODM_NONINTERACTIVE=1",
                        "--pwd",
                        Code,
                        Source,
                        $"{Code}/run.sh",
                        .. Words(work, Projects),
                    ]
                    :
                    [
                        Runtime,
                        "run",
                        "--rm",
                        "--init",
                        "--name",
                        Name(work),
                        .. User,
                        .. Gpus,
                        "-v",
                        $"{data}:{Projects}",
                        "-e",
                        "ODM_NONINTERACTIVE=1",
                        "-w",
                        Code,
                        "--entrypoint",
                        $"{Code}/run.sh",
                        Reference,
                        .. Words(work, Projects),
                    ],
                data
            );
        }

        /// <summary>Docker's containers are not our processes; they are ended by name.</summary>
        public override async Task CleanAsync(EngineWork work)
        {
            if (!IsApptainer)
                await Programs.RunAsync(new([Runtime, "rm", "-f", Name(work)], "/"), "", CancellationToken.None);
        }

        private string Source =>
            Reference.Contains("://", StringComparison.Ordinal) || File.Exists(Reference) || Directory.Exists(Reference)
                ? Reference
                : $"docker://{Reference}";

        /// <summary>What Docker's daemon writes must be ours; rootless Podman sees to that by itself.</summary>
        private string[] User => Path.GetFileName(Runtime) == "docker" ? ["--user", LinuxProcesses.Owner] : [];

        private string[] Gpus =>
            !HasGpus ? []
            : Path.GetFileName(Runtime) == "podman" ? ["--device", "nvidia.com/gpu=all"]
            : ["--gpus", "all"];

        private static string Name(EngineWork work) => $"muster-{work.Uuid}";
    }
}
