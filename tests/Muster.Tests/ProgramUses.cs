using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Muster;

/// <summary>A type of ours, by its outermost name, and a type that it uses.</summary>
internal sealed record Use(string User, string Used)
{
    public string Folder => ProgramUses.FolderOf(User) ?? "";
}

/// <summary>Reads from a program's metadata which of its types use which: bases, fields, signatures, and every token in the bodies of methods.</summary>
internal sealed class ProgramUses : IDisposable, ISignatureTypeProvider<ImmutableHashSet<EntityHandle>, object?>
{
    private static readonly Dictionary<int, OperandType> Operands = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (int)(ushort)code.Value, code => code.OperandType);

    private readonly PEReader _file;
    private readonly MetadataReader _reader;

    private ProgramUses(string path)
    {
        _file = new(File.OpenRead(path));
        _reader = _file.GetMetadataReader();
    }

    public static IReadOnlyList<Use> Read(string path)
    {
        using var program = new ProgramUses(path);
        return [.. program._reader.TypeDefinitions.SelectMany(program.UsesOf).Distinct()];
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The folder that a type of ours lies in; null for others, and for the program's first lines.</summary>
    public static string? FolderOf(string type) => type.Split('.') is ["Muster", var folder, _, ..] ? folder : null;

    private IEnumerable<Use> UsesOf(TypeDefinitionHandle handle)
    {
        var user = NameOf(handle);
        return FolderOf(user) is null ? []
            : TypesIn(_reader.GetTypeDefinition(handle)).Select(NameOf).Where(used => used.Length > 0 && used != user).Distinct().Select(used => new Use(user, used));
    }

    private List<EntityHandle> TypesIn(TypeDefinition type)
    {
        var found = new List<EntityHandle>();
        void Add(EntityHandle handle) => found.AddRange(TypesIn(handle));
        if (!type.BaseType.IsNil) Add(type.BaseType);
        foreach (var implemented in type.GetInterfaceImplementations()) Add(_reader.GetInterfaceImplementation(implemented).Interface);
        foreach (var field in type.GetFields()) found.AddRange(_reader.GetFieldDefinition(field).DecodeSignature(this, null));
        foreach (var parameter in type.GetGenericParameters()) AddConstraints(parameter);
        foreach (var attribute in type.GetCustomAttributes()) Add(_reader.GetCustomAttribute(attribute).Constructor);
        foreach (var handle in type.GetMethods())
        {
            var method = _reader.GetMethodDefinition(handle);
            found.AddRange(AllIn(method.DecodeSignature(this, null)));
            foreach (var parameter in method.GetGenericParameters()) AddConstraints(parameter);
            if (method.RelativeVirtualAddress == 0) continue;
            var body = _file.GetMethodBody(method.RelativeVirtualAddress);
            if (!body.LocalSignature.IsNil) found.AddRange(_reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(this, null).SelectMany(local => local));
            foreach (var region in body.ExceptionRegions.Where(region => !region.CatchType.IsNil)) Add(region.CatchType);
            foreach (var token in TokensIn(body.GetILReader())) Add(token);
        }
        return found;

        void AddConstraints(GenericParameterHandle parameter)
        {
            foreach (var constraint in _reader.GetGenericParameter(parameter).GetConstraints()) Add(_reader.GetGenericParameterConstraint(constraint).Type);
        }
    }

    private IEnumerable<EntityHandle> TypesIn(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition or HandleKind.TypeReference:
                return [handle];
            case HandleKind.TypeSpecification:
                return _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
            case HandleKind.MethodDefinition:
                return [_reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType()];
            case HandleKind.FieldDefinition:
                return [_reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType()];
            case HandleKind.MethodSpecification:
                var specification = _reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                return specification.DecodeSignature(this, null).SelectMany(type => type).Concat(TypesIn(specification.Method));
            case HandleKind.MemberReference:
                var member = _reader.GetMemberReference((MemberReferenceHandle)handle);
                var signature = member.GetKind() is MemberReferenceKind.Field ? member.DecodeFieldSignature(this, null) : AllIn(member.DecodeMethodSignature(this, null));
                return TypesIn(member.Parent).Concat(signature);
            default:
                return [];
        }
    }

    private static IEnumerable<EntityHandle> AllIn(MethodSignature<ImmutableHashSet<EntityHandle>> signature) => signature.ParameterTypes.Append(signature.ReturnType).SelectMany(type => type);

    private static List<EntityHandle> TokensIn(BlobReader code)
    {
        var tokens = new List<EntityHandle>();
        while (code.RemainingBytes > 0)
        {
            int value = code.ReadByte();
            if (value == 0xfe) value = 0xfe00 | code.ReadByte();
            switch (Operands[value])
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    tokens.Add((EntityHandle)System.Reflection.Metadata.Ecma335.MetadataTokens.Handle(code.ReadInt32()));
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
        return tokens;
    }

    /// <summary>The full name of the outermost type around this one.</summary>
    private string NameOf(EntityHandle handle)
    {
        if (handle.Kind is HandleKind.TypeReference)
        {
            var reference = _reader.GetTypeReference((TypeReferenceHandle)handle);
            return reference.ResolutionScope.Kind is HandleKind.TypeReference ? NameOf(reference.ResolutionScope) : $"{_reader.GetString(reference.Namespace)}.{_reader.GetString(reference.Name)}";
        }
        if (handle.Kind is not HandleKind.TypeDefinition) return "";
        var definition = _reader.GetTypeDefinition((TypeDefinitionHandle)handle);
        return definition.GetDeclaringType() is { IsNil: false } outer ? NameOf(outer) : $"{_reader.GetString(definition.Namespace)}.{_reader.GetString(definition.Name)}";
    }

    public ImmutableHashSet<EntityHandle> GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => [handle];
    public ImmutableHashSet<EntityHandle> GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => [handle];
    public ImmutableHashSet<EntityHandle> GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
    public ImmutableHashSet<EntityHandle> GetGenericInstantiation(ImmutableHashSet<EntityHandle> genericType, ImmutableArray<ImmutableHashSet<EntityHandle>> typeArguments) =>
        typeArguments.Aggregate(genericType, (all, argument) => all.Union(argument));
    public ImmutableHashSet<EntityHandle> GetFunctionPointerType(MethodSignature<ImmutableHashSet<EntityHandle>> signature) => [.. AllIn(signature)];
    public ImmutableHashSet<EntityHandle> GetModifiedType(ImmutableHashSet<EntityHandle> modifier, ImmutableHashSet<EntityHandle> unmodifiedType, bool isRequired) => unmodifiedType.Union(modifier);
    public ImmutableHashSet<EntityHandle> GetArrayType(ImmutableHashSet<EntityHandle> elementType, ArrayShape shape) => elementType;
    public ImmutableHashSet<EntityHandle> GetByReferenceType(ImmutableHashSet<EntityHandle> elementType) => elementType;
    public ImmutableHashSet<EntityHandle> GetPinnedType(ImmutableHashSet<EntityHandle> elementType) => elementType;
    public ImmutableHashSet<EntityHandle> GetPointerType(ImmutableHashSet<EntityHandle> elementType) => elementType;
    public ImmutableHashSet<EntityHandle> GetSZArrayType(ImmutableHashSet<EntityHandle> elementType) => elementType;
    public ImmutableHashSet<EntityHandle> GetPrimitiveType(PrimitiveTypeCode typeCode) => [];
    public ImmutableHashSet<EntityHandle> GetGenericMethodParameter(object? genericContext, int index) => [];
    public ImmutableHashSet<EntityHandle> GetGenericTypeParameter(object? genericContext, int index) => [];
}
