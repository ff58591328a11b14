using Mono.Cecil;
using Mono.Cecil.Cil;
using Telelaunch.Net;
using Telelaunch.Targets.Dotnet;

namespace Telelaunch.Targets.Weaving;

/// <summary>Writes a copy of an assembly that runs the startup hook when it is loaded, before any other code of it.</summary>
/// <remarks>
/// The module's initializer (ECMA-335 II.10.5.3.1, <c>.cctor</c> of <c>&lt;Module&gt;</c>) calls one new method first; one that is there already runs after it. The method loads what
/// TELELAUNCH_HOOK names and calls its <c>StartupHook.Initialize</c>, as the runtime would; whatever goes wrong there, the application runs on.
/// </remarks>
public static class HookWeaver
{
    /// <summary>The variable that holds the hook's absolute path when the application starts.</summary>
    public const string HookVariable = "TELELAUNCH_HOOK";

    private const string MethodName = "<Telelaunch>StartupHook";
    // Public ones as well: the runtime asks for none in particular.
    private const int StaticOfAnyVisibility = 8 | 16 | 32; // BindingFlags.Static | Public | NonPublic

    /// <summary>Weaves an assembly; symbols beside it or inside it stay with it and still match.</summary>
    /// <param name="source">Only read.</param>
    /// <param name="target">Made, or replaced; its symbols come beside it under the same name.</param>
    /// <param name="folders">Where assemblies lie that it refers to, besides its own folder.</param>
    /// <exception cref="UsageException">It can't be woven: it holds native code, or is damaged.</exception>
    /// <exception cref="IOException">A file can't be read or written.</exception>
    public static void Weave(string source, string target, IEnumerable<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        if (SmallFile.Read(source, ManagedFile.Longest) is not { } image || ManagedFile.Parse([.. image]) is not { } managed)
            throw new UsageException("weave-no-assembly", $"'{source}' is no .NET assembly that could be woven.", "Build it again.");
        if (managed.IsReadyToRun)
            throw new UsageException("weave-ready-to-run", $"'{source}' holds native code beside its IL (ReadyToRun), which can't be written back.", "Publish it with PublishReadyToRun=false.");
        try
        {
            using var resolver = new DefaultAssemblyResolver();
            foreach (var folder in folders.Prepend(Path.GetDirectoryName(source)!)) resolver.AddSearchDirectory(folder);
            Rewrite(source, target, resolver);
        }
        // Mono.Cecil trusts what it reads and fails in whatever way a damaged image leads to; what is lost by it is a copy of our own.
        catch (Exception error) when (error is not (IOException or UnauthorizedAccessException or OutOfMemoryException))
        {
            throw new UsageException("weave-failed", $"'{source}' can't be woven: {error.Message}", "Start it without --weave.", error);
        }
    }

    private static void Rewrite(string source, string target, DefaultAssemblyResolver resolver)
    {
        // Providers are named, for Cecil would look for others by reflection. Deferred: attributes that nobody asks for are copied as they are, unresolved.
        var symbols = FindSymbols(source);
        var reading = new ReaderParameters
        {
            AssemblyResolver = resolver,
            ReadingMode = ReadingMode.Deferred,
            ReadSymbols = symbols is not null,
            SymbolReaderProvider = symbols switch { true => new EmbeddedPortablePdbReaderProvider(), false => new PortablePdbReaderProvider(), null => null },
        };
        using var module = ModuleDefinition.ReadModule(source, reading);
        AddHook(module);
        // The signature no longer holds; .NET doesn't look at it, and the public key, which is part of the identity, stays.
        module.Attributes &= ~ModuleAttributes.StrongNameSigned;
        module.Write(target, new WriterParameters
        {
            WriteSymbols = symbols is not null,
            SymbolWriterProvider = symbols switch { true => new EmbeddedPortablePdbWriterProvider(), false => new PortablePdbWriterProvider(), null => null },
        });
    }

    /// <summary>True: inside the assembly; false: beside it; null: there are none that match.</summary>
    private static bool? FindSymbols(string source)
    {
        using var image = ModuleDefinition.ReadModule(source, new ReaderParameters(ReadingMode.Deferred));
        var header = image.GetDebugHeader();
        if (header.Entries.Any(entry => entry.Directory.Type == ImageDebugType.EmbeddedPortablePdb)) return true;
        if (!File.Exists(Path.ChangeExtension(source, ".pdb"))) return null;
        try
        {
            using var symbols = new PortablePdbReaderProvider().GetSymbolReader(image, source);
            return symbols.ProcessDebugHeader(header) ? false : null;
        }
        // Windows' own format, or something else of that name.
        catch (Exception error) when (error is SymbolsNotMatchingException or BadImageFormatException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void AddHook(ModuleDefinition module)
    {
        var initializer = FindOrAddInitializer(module);
        var hook = new MethodDefinition(MethodName, MethodAttributes.Static | MethodAttributes.Assembly | MethodAttributes.HideBySig, module.TypeSystem.Void) { NoInlining = true };
        WriteBody(hook.Body, new CoreReferences(module));
        initializer.DeclaringType.Methods.Add(hook);
        var il = initializer.Body.GetILProcessor();
        il.InsertBefore(initializer.Body.Instructions[0], il.Create(OpCodes.Call, hook));
    }

    private static MethodDefinition FindOrAddInitializer(ModuleDefinition module)
    {
        var type = module.Types.Single(type => type.Name == "<Module>");
        if (type.Methods.FirstOrDefault(method => method.Name == ".cctor") is { } there) return there;
        var made = new MethodDefinition(".cctor", MethodAttributes.Private | MethodAttributes.Static | MethodAttributes.HideBySig | MethodAttributes.SpecialName | MethodAttributes.RTSpecialName, module.TypeSystem.Void);
        made.Body.GetILProcessor().Emit(OpCodes.Ret);
        type.Methods.Add(made);
        return made;
    }

    // try
    // {
    //     string path = Environment.GetEnvironmentVariable("TELELAUNCH_HOOK");
    //     if (path != null) Assembly.LoadFrom(path).GetType("StartupHook").GetMethod("Initialize", Static | Public | NonPublic).Invoke(null, null);
    // }
    // catch (object) { }
    private static void WriteBody(MethodBody body, CoreReferences core)
    {
        var il = body.GetILProcessor();
        body.Variables.Add(new VariableDefinition(core.Text));
        body.InitLocals = true;
        var end = il.Create(OpCodes.Ret);
        var leave = il.Create(OpCodes.Leave, end);
        var first = il.Create(OpCodes.Ldstr, HookVariable);
        il.Append(first);
        il.Emit(OpCodes.Call, core.GetEnvironmentVariable);
        il.Emit(OpCodes.Stloc_0);
        il.Emit(OpCodes.Ldloc_0);
        il.Emit(OpCodes.Brfalse, leave);
        il.Emit(OpCodes.Ldloc_0);
        il.Emit(OpCodes.Call, core.LoadFrom);
        il.Emit(OpCodes.Ldstr, "StartupHook");
        il.Emit(OpCodes.Callvirt, core.GetTypeByName);
        il.Emit(OpCodes.Ldstr, "Initialize");
        il.Emit(OpCodes.Ldc_I4, StaticOfAnyVisibility);
        il.Emit(OpCodes.Callvirt, core.GetMethod);
        il.Emit(OpCodes.Ldnull);
        il.Emit(OpCodes.Ldnull);
        il.Emit(OpCodes.Callvirt, core.Invoke);
        il.Emit(OpCodes.Pop);
        il.Append(leave);
        var handler = il.Create(OpCodes.Pop);
        il.Append(handler);
        il.Emit(OpCodes.Leave, end);
        il.Append(end);
        body.ExceptionHandlers.Add(new ExceptionHandler(ExceptionHandlerType.Catch) { TryStart = first, TryEnd = handler, HandlerStart = handler, HandlerEnd = end, CatchType = core.Anything });
    }

    /// <summary>The members of the core library that the method calls.</summary>
    private sealed class CoreReferences
    {
        private readonly ModuleDefinition _module;
        private readonly IMetadataScope _scope;

        public CoreReferences(ModuleDefinition module)
        {
            _module = module;
            // By the name of the implementation, which is the same in every .NET since Core 1.0; which facade has a type differs from version to version.
            var core = module.AssemblyReferences.FirstOrDefault(reference => reference.Name == "System.Private.CoreLib");
            if (core is null)
            {
                core = new AssemblyNameReference("System.Private.CoreLib", new Version(4, 0, 0, 0)) { PublicKeyToken = [0x7c, 0xec, 0x85, 0xd7, 0xbe, 0xa7, 0x79, 0x8e] };
                module.AssemblyReferences.Add(core);
            }
            _scope = core;
            Anything = Class("System", "Object");
            var type = Class("System", "Type");
            var assembly = Class("System.Reflection", "Assembly");
            var method = Class("System.Reflection", "MethodInfo");
            var flags = new TypeReference("System.Reflection", "BindingFlags", module, _scope, valueType: true);
            GetEnvironmentVariable = Method(Class("System", "Environment"), "GetEnvironmentVariable", Text, false, Text);
            LoadFrom = Method(assembly, "LoadFrom", assembly, false, Text);
            GetTypeByName = Method(assembly, "GetType", type, true, Text);
            GetMethod = Method(type, "GetMethod", method, true, Text, flags);
            Invoke = Method(Class("System.Reflection", "MethodBase"), "Invoke", module.TypeSystem.Object, true, module.TypeSystem.Object, new ArrayType(module.TypeSystem.Object));
        }

        public TypeReference Anything { get; }

        public TypeReference Text => _module.TypeSystem.String;

        public MethodReference GetEnvironmentVariable { get; }

        public MethodReference LoadFrom { get; }

        public MethodReference GetTypeByName { get; }

        public MethodReference GetMethod { get; }

        public MethodReference Invoke { get; }

        private TypeReference Class(string space, string name) => new(space, name, _module, _scope, valueType: false);

        private static MethodReference Method(TypeReference type, string name, TypeReference result, bool isInstance, params TypeReference[] parameters)
        {
            var method = new MethodReference(name, result, type) { HasThis = isInstance };
            foreach (var parameter in parameters) method.Parameters.Add(new ParameterDefinition(parameter));
            return method;
        }
    }
}
