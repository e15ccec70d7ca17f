using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Text;
using Microsoft.AspNetCore.Builder;

namespace Muster;

/// <summary>Calls run down the list of folders, never up.</summary>
public sealed class ArchitectureTests
{
    /// <summary>The floors of the house from the top down. Folders of one floor do not know each other.</summary>
    private static readonly string[][] Floors =
    [
        ["Cli"],
        ["Dashboard"],
        ["Gateway"],
        ["Node"],
        ["NodeOdm"],
        ["Pages"],
        ["Recipes"],
        ["Runs"],
        ["Snapshots"],
        ["Transfers"],
        ["Sites"],
        ["Hosts"],
        ["Scenes"],
        ["Storage"],
        ["Configuration"],
        ["Platforms"],
        ["Shell", "Faults"],
    ];

    /// <summary>
    /// The rooms of each folder from the top down, the folder's own files as <c>.</c>. A room knows only those behind
    /// it.
    /// Rooms in one entry do not know each other.
    /// </summary>
    private static readonly Dictionary<string, string[][]> Rooms = new()
    {
        ["Cli"] =
        [
            ["."],
            ["Personas"],
            ["Recipes"],
            ["Gateway", "Ui"],
            ["Demo", "Runs", "Scenes", "Sites"],
            ["Context"],
            ["Terminal"],
        ],
        ["Gateway"] =
        [
            ["Shared"],
            ["Hosting"],
            ["Console"],
            ["Admin", "Api"],
            ["Telemetry"],
            ["Carrying"],
            ["Scaling"],
            ["Tasks"],
            ["Placing"],
            ["Tokens", "Fleet"],
            ["Ledger"],
            ["Spool"],
            ["Model"],
        ],
        ["Node"] =
        [
            ["."],
            ["Engines"],
        ],
        ["NodeOdm"] =
        [
            ["HandIn"],
            ["."],
        ],
        ["Recipes"] =
        [
            ["Reading"],
            ["Checks"],
            ["DroidSlam"],
            ["."],
        ],
        ["Runs"] =
        [
            ["Submit"],
            ["Machines"],
            ["Explain", "Follow", "Forward", "Notices", "Tidy"],
            ["Measures"],
            ["Roles"],
            ["Images"],
            ["."],
        ],
        ["Sites"] =
        [
            ["Doctor", "Import"],
            ["Reading"],
            ["."],
            ["Notices"],
            ["Clouds"],
            ["Schedulers", "Scaling"],
        ],
        ["Sites.Clouds"] =
        [
            ["Keeping"],
            ["Aws", "DigitalOcean", "Exec", "Hetzner", "Kubernetes", "Scaleway"],
            ["."],
        ],
        ["Scenes"] =
        [
            ["Looking", "Datasets"],
            ["Export"],
            ["Evaluation"],
            ["Formats"],
            ["Drawing"],
            ["."],
            ["Geometry"],
        ],
    };

    private static readonly Assembly Program = typeof(Runs.Run).Assembly;

    [Fact]
    public void Calls_run_down_the_list()
    {
        var wrong =
            from type in Program.GetTypes()
            let floor = FloorOf(type)
            where floor is not null
            from used in UsedBy(type)
            let below = FloorOf(used)
            where below < floor || (below == floor && FolderOf(used) != FolderOf(type))
            select $"{type.FullName} uses {used.FullName}";

        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void Every_folder_has_its_floor() =>
        Assert.Empty(
            Program
                .GetTypes()
                .Where(type =>
                    type.Namespace?.StartsWith("Muster.", StringComparison.Ordinal) is true && FloorOf(type) is null
                )
                .Select(type => type.FullName)
        );

    [Fact]
    public void In_a_folder_calls_run_down_the_rooms()
    {
        var wrong =
            from folder in Rooms.Keys
            from type in Program.GetTypes()
            where RoomOf(folder, type) is not null
            from used in UsedBy(type)
            where RoomOf(folder, used) is { } room && room != RoomOf(folder, type)
            where PlaceOf(folder, used) <= PlaceOf(folder, type)
            select $"{type.FullName} uses {used.FullName}";

        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void Every_room_has_its_place()
    {
        var wrong =
            from type in Program.GetTypes()
            let outer = FolderOf(type)
            where outer is not null
            from folder in Rooms.Keys.Where(folder => RoomOf(folder, type) is not null).DefaultIfEmpty(outer)
            where Rooms.ContainsKey(folder) ? PlaceOf(folder, type) < 0 : RoomOf(folder, type) != "."
            select type.FullName;

        Assert.Empty(wrong);
        Assert.All(
            Rooms,
            folder =>
                Assert.All(
                    folder.Value.SelectMany(place => place),
                    room => Assert.Contains(Program.GetTypes(), type => RoomOf(folder.Key, type) == room)
                )
        );
    }

    [Fact]
    public void Only_the_command_line_speaks_to_the_terminal() =>
        Assert.Empty(
            from type in Program.GetTypes()
            where FolderOf(type) is { } folder && folder != "Cli"
            where UsedBy(type).Contains(typeof(Console))
            select type.FullName
        );

    /// <summary>One that is bound when the server starts needs reflection.</summary>
    [Fact]
    public void Routes_are_bound_when_the_program_is_built() =>
        Assert.Empty(
            from type in Program.GetTypes()
            where FolderOf(type) is not null
            from method in MethodsOf(type)
            from map in MembersIn(method).OfType<MethodInfo>()
            where map.DeclaringType == typeof(EndpointRouteBuilderExtensions)
            where map.GetParameters()[^1].ParameterType == typeof(Delegate)
            select $"{type.FullName}.{method.Name}"
        );

    [Fact]
    public void The_test_sees_what_a_method_uses() =>
        Assert.Contains(typeof(Runs.RunStore), UsedBy(typeof(Cli.Context.App)));

    /// <summary>With RECORD=1 the pictures are drawn anew.</summary>
    [Fact]
    public void The_pictures_in_the_documentation_are_of_this_code()
    {
        var path = Path.Combine(Repository.Folder, "docs", "house.md");
        var drawn = Pictures();
        if (Environment.GetEnvironmentVariable("RECORD") == "1")
            File.WriteAllText(path, drawn);
        else
            Assert.Equal(File.ReadAllText(path), drawn);
    }

    private static string Pictures()
    {
        var types = Program.GetTypes().Where(type => FolderOf(type) is not null).ToList();
        var uses = types
            .SelectMany(type => UsedBy(type).Where(used => FolderOf(used) is not null).Select(used => (type, used)))
            .ToList();
        var text = new StringBuilder(
            """
            # The house, drawn

            Made from the program by `ArchitectureTests` (`RECORD=1 ./test fast` draws it anew). An arrow points to what is used;
            one that follows from others is left out. What the folders are for is in [architecture.md](architecture.md).

            ## Folders


            """
        );
        Draw(text, uses.Select(use => (FolderOf(use.type)!, FolderOf(use.used)!)));
        foreach (var folder in Rooms.Keys.Order(StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## Rooms of {folder}\n\n");
            var inside = uses.Where(use =>
                RoomOf(folder, use.type) is not null && RoomOf(folder, use.used) is not null
            );
            Draw(text, inside.Select(use => (NameOf(folder, use.type), NameOf(folder, use.used))));
        }
        return text.ToString();

        static string NameOf(string folder, Type type) =>
            RoomOf(folder, type) is { } room and not "." ? room : $"{folder}/*";
    }

    private static void Draw(StringBuilder text, IEnumerable<(string From, string To)> arrows)
    {
        var all = arrows.Where(arrow => arrow.From != arrow.To).ToHashSet();
        var next = all.ToLookup(arrow => arrow.From, arrow => arrow.To);
        var direct = all.Where(arrow => !next[arrow.From].Any(other => other != arrow.To && Reaches(other, arrow.To)));
        text.Append("```mermaid\nflowchart TD\n");
        foreach (var (from, to) in direct.Order())
            text.Append(CultureInfo.InvariantCulture, $"  {Box(from)} --> {Box(to)}\n");
        text.Append("```\n");

        bool Reaches(string from, string to) => from == to || next[from].Any(other => Reaches(other, to));
        static string Box(string name) =>
            $"{name.Replace("/*", "", StringComparison.Ordinal)}["
            + $"{name.Replace("/*", " itself", StringComparison.Ordinal)}]";
    }

    private static string? FolderOf(Type type)
    {
        var parts = (type.Namespace ?? "").Split('.');
        return type.Assembly == Program && parts.Length > 1 && parts[0] == "Muster" ? parts[1] : null;
    }

    /// <param name="folder">Such as <c>Sites</c>, or <c>Sites.Clouds</c> for the rooms of a room.</param>
    private static string? RoomOf(string folder, Type type) =>
        type.Assembly != Program || $"{type.Namespace}." is not { } inside ? null
        : !inside.StartsWith($"Muster.{folder}.", StringComparison.Ordinal) ? null
        : inside[$"Muster.{folder}.".Length..].Split('.')[0] is { Length: > 0 } room ? room
        : ".";

    private static int PlaceOf(string folder, Type type) =>
        Array.FindIndex(Rooms[folder], place => place.Contains(RoomOf(folder, type)));

    private static int? FloorOf(Type type) =>
        FolderOf(type) is { } folder && Array.FindIndex(Floors, floor => floor.Contains(folder)) is var at and >= 0
            ? at
            : null;

    private const BindingFlags Own =
        BindingFlags.DeclaredOnly
        | BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Static
        | BindingFlags.Instance;

    private static IEnumerable<MethodBase> MethodsOf(Type type) =>
        type.GetMethods(Own).Cast<MethodBase>().Concat(type.GetConstructors(Own));

    private static HashSet<Type> UsedBy(Type type)
    {
        var used = new HashSet<Type>();
        void Use(Type? one)
        {
            if (one is null)
                return;
            if (one.HasElementType)
                Use(one.GetElementType());
            else if (used.Add(one.IsGenericType ? one.GetGenericTypeDefinition() : one))
                foreach (var argument in one.GenericTypeArguments)
                    Use(argument);
        }
        Use(type.BaseType);
        foreach (var implemented in type.GetInterfaces())
            Use(implemented);
        foreach (var field in type.GetFields(Own))
            Use(field.FieldType);
        foreach (var method in MethodsOf(type))
        {
            Use((method as MethodInfo)?.ReturnType);
            foreach (var parameter in method.GetParameters())
                Use(parameter.ParameterType);
            foreach (var local in method.GetMethodBody()?.LocalVariables ?? [])
                Use(local.LocalType);
            foreach (var member in MembersIn(method))
            {
                Use(member as Type ?? member.DeclaringType);
                if (member is MethodInfo { IsGenericMethod: true } generic)
                    foreach (var argument in generic.GetGenericArguments())
                        Use(argument);
            }
        }
        return used;
    }

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes)
        .GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    private static IEnumerable<MemberInfo> MembersIn(MethodBase method)
    {
        var il = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        var ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < il.Length; )
        {
            var code = il[at] == 0xfe ? Codes[(short)((0xfe << 8) | il[at + 1])] : Codes[il[at]];
            at += code.Size;
            if (
                code.OperandType
                is OperandType.InlineField
                    or OperandType.InlineMethod
                    or OperandType.InlineType
                    or OperandType.InlineTok
            )
            {
                yield return method.Module.ResolveMember(BitConverter.ToInt32(il, at), ofType, ofMethod)!;
            }
            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
                _ => 4,
            };
        }
    }
}
