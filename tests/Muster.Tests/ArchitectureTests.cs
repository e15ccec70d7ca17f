using System.Reflection;
using System.Reflection.Emit;

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
        ["Recipes"],
        ["Runs"],
        ["Snapshots"],
        ["Transfers"],
        ["Sites"],
        ["Hosts"],
        ["Scenes"],
        ["Storage"],
        ["Configuration"],
        ["Shell", "Faults"],
    ];

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
    public void Only_the_command_line_speaks_to_the_terminal() =>
        Assert.Empty(
            from type in Program.GetTypes()
            where FolderOf(type) is { } folder && folder != "Cli"
            where UsedBy(type).Contains(typeof(Console))
            select type.FullName
        );

    [Fact]
    public void The_test_sees_what_a_method_uses() => Assert.Contains(typeof(Runs.RunStore), UsedBy(typeof(Cli.App)));

    private static string? FolderOf(Type type)
    {
        var parts = (type.Namespace ?? "").Split('.');
        return type.Assembly == Program && parts.Length > 1 && parts[0] == "Muster" ? parts[1] : null;
    }

    private static int? FloorOf(Type type) =>
        FolderOf(type) is { } folder && Array.FindIndex(Floors, floor => floor.Contains(folder)) is var at and >= 0
            ? at
            : null;

    private static HashSet<Type> UsedBy(Type type)
    {
        const BindingFlags all =
            BindingFlags.DeclaredOnly
            | BindingFlags.Public
            | BindingFlags.NonPublic
            | BindingFlags.Static
            | BindingFlags.Instance;
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
        foreach (var field in type.GetFields(all))
            Use(field.FieldType);
        foreach (var method in type.GetMethods(all).Cast<MethodBase>().Concat(type.GetConstructors(all)))
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
